"""System calls of nc on its socket, and of pync as nc: options, descriptors, TCP MD5."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pexpect
import pytest

from conformance.clients.terminal import hang_up

from ..peer import DEADLINE, Peer, mailbox
from ..programs import PYNC, Program, is_bound, needs, until

OURS = (*PYNC, "--as=nc")

EVERY = "-T ef -M 5 -m 3 -I 4096 -O 8192"

#: Command lines that end without a peer, or without data from it.
CALLS = [
    f"{EVERY} 127.0.0.1 1",
    f"{EVERY} ::1 1",
    f"{EVERY} -u -w 1 127.0.0.1 1",
    "-b -u -w 1 127.0.0.1 1",
    "-D 127.0.0.1 1",
    "-T lowcost 127.0.0.1 1",
    "-T 0x10 127.0.0.1 1",
    "-I 4096 -U /no/such/socket",
    "-p 0 127.0.0.1 1",
]

#: Options that only one of the programs sets for its own purposes: to bind again at once, to
#: send without delay, to see the local address of a datagram.
OWN = re.compile(rb"SO_REUSE(ADDR|PORT)|TCP_NODELAY|PKTINFO|IPV6_V6ONLY|SO_ERROR")


def traced(calls: str, log: Path) -> list[str]:
    """The strace arguments that write these calls of a command to a file."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    return [strace, "-f", "-e", f"trace={calls}", "-o", str(log)]


def options_set(command: tuple[str, ...], words: list[str], log: Path) -> list[bytes]:
    """The setsockopt calls of a program, without descriptor numbers, sorted."""
    trace = [*traced("setsockopt", log), *command, *words]
    done = subprocess.run(trace, stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE)
    if not log.exists() or b"PTRACE" in done.stderr:
        pytest.skip("strace may not trace here")
    calls = re.findall(rb"setsockopt\(\d+, (.*)", log.read_bytes())
    return sorted(call for call in calls if not OWN.search(call))


@pytest.mark.parametrize("words", CALLS)
def test_same_socket_options_are_set(words: str, tmp_path: Path) -> None:
    theirs = options_set((needs("nc"),), words.split(), tmp_path / "theirs")
    assert options_set(OURS, words.split(), tmp_path / "ours") == theirs


#: A call on a datagram socket as strace(1) prints it, without the numbers.
DATAGRAM_CALL = re.compile(rb"(?m)(?:shutdown|recvfrom)\(\d+, (SHUT_WR|\"[^\"]*\")")


@pytest.mark.parametrize("options", ["-Nu", "-uq1", "-u"])
def test_system_calls_of_a_udp_listener(options: str, udp_port: int, tmp_path: Path) -> None:
    """Test suites of other programs look for recvfrom and shutdown in a trace of nc."""
    outcomes = []
    for number, command in enumerate((OURS, (needs("nc"),))):
        log = tmp_path / f"log{number}"
        words = [*options.split(), "-w", "2", "-l", "127.0.0.1", str(udp_port)]
        with Program(*traced("shutdown,recvfrom", log), *command, *words) as program:
            until(lambda: is_bound(udp_port, "udp"), "the socket to be bound", program)
            with mailbox() as box:
                box.says(b"hello", ("127.0.0.1", udp_port))
                assert program.read(5) == b"hello"
                program.end_input()
                program.ends(0)
        calls = log.read_bytes()
        assert b"127.0.0.1" in calls, "recvfrom reports no address"
        outcomes.append(set(DATAGRAM_CALL.findall(calls)))
    assert outcomes[0] == outcomes[1]
    assert (b"SHUT_WR" in outcomes[0]) == (options != "-u")


@pytest.mark.parametrize("options", [["-F"], ["-vFn"], ["-Fz"]])
def test_descriptor_is_passed(options: list[str]) -> None:
    passed = [pass_fd(command, options) for command in (OURS, (needs("nc"),))]
    assert passed[0] == passed[1]
    assert passed[0][:3] == (b"\0", 1, b"hello")


def pass_fd(command: tuple[str, ...], options: list[str]) -> tuple[object, ...]:
    """The data from stdout, the data through the descriptor, the status and stderr."""
    ours, theirs = socket.socketpair()
    with ours, theirs, socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(DEADLINE)
        ours.settimeout(DEADLINE)
        words = [*options, "127.0.0.1", str(listener.getsockname()[1])]
        done = subprocess.run(
            [*command, *words],
            stdin=subprocess.DEVNULL,
            stdout=theirs.fileno(),
            stderr=subprocess.PIPE,
            timeout=DEADLINE,
        )
        data, descriptors, _, _ = socket.recv_fds(ours, 10, 2)
        said = re.sub(rb"\d{4,5}", b"PORT", done.stderr)
        with socket.socket(fileno=descriptors[0]) as passed, listener.accept()[0] as peer:
            passed.sendall(b"hello")
            return data, len(descriptors), peer.recv(10), done.returncode, said


@pytest.mark.parametrize("options", ["-F", "-F -z", "-F -n"])
def test_standard_output_cannot_take_a_descriptor(options: str) -> None:
    outcomes = []
    for command in (OURS, (needs("nc"),)):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            words = [*options.split(), "127.0.0.1", str(listener.getsockname()[1])]
            done = subprocess.run(
                [*command, *words], stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE
            )
            said = done.stderr.replace(b"nc.openbsd:", b"nc:")
            outcomes.append((done.returncode, done.stdout, said))
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][2] == b"nc: sendmsg: Socket operation on non-socket\n"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_signed_segments_of_both_programs_are_compatible(host: str) -> None:
    """-S: data is accepted from both programs if the key is right; the prompt is the same."""
    from pync.transports.md5sig import sign

    for command in (OURS, (needs("nc"),)):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.create_server((host, 0), family=family) as listener:
            try:
                sign(listener, b"sesame", None)
            except OSError as error:
                pytest.skip(f"this kernel signs no segments: {error}")
            listener.settimeout(DEADLINE)
            words = ["-SN", host, str(listener.getsockname()[1])]
            person = pexpect.spawn(command[0], [*command[1:], *words], timeout=DEADLINE)
            try:
                person.expect_exact("TCP MD5SIG password: ")
                person.sendline("sesame")
                peer = Peer(listener.accept()[0])
                person.expect_exact("\r\n")
                person.sendline("signed")
                peer.hears(b"signed\n")
                peer.closes()
                assert b"sesame" not in (person.before or b"")
            finally:
                hang_up(person)


def test_no_md5_key_without_a_terminal() -> None:
    outcomes = []
    for command in (OURS, (needs("nc"),)):
        environment = {name: text for name, text in os.environ.items() if name != "PYNC_MD5SIG_KEY"}
        done = subprocess.run(
            [*command, "-S", "127.0.0.1", "1"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=DEADLINE,
            env=environment,
            start_new_session=True,
        )
        outcomes.append((done.returncode, done.stdout, done.stderr.replace(b"nc.openbsd:", b"nc:")))
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][2] == b"nc: Unable to read TCP MD5SIG password\n"
