"""Scans, UDP and Unix sockets with nc, and pync as nc: the same results, or known differences."""

from __future__ import annotations

import errno
import re
import select
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from ..peer import DEADLINE, Peer, connected, listening, mailbox
from ..programs import PYNC, Program, is_bound, is_listening_path, needs, until

OURS = (*PYNC, "--as=nc")


def both() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the commands of pync as nc, and of nc."""
    return OURS, (needs("nc"),)


def plain(said: bytes) -> bytes:
    """Return messages with the same program name."""
    return said.replace(b"nc.openbsd: ", b"nc: ")


def ran(command: tuple[str, ...], *words: str) -> tuple[int, bytes, bytes]:
    """Status, stdout and stderr of a program without input."""
    done = subprocess.run(
        [*command, *words], stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE
    )
    return done.returncode, done.stdout, plain(done.stderr)


# Scans. {0} and {1} are open ports, {2} is a closed one.

SCANS = [
    "-z 127.0.0.1 {0}",
    "-zv 127.0.0.1 {0}",
    "-zvn 127.0.0.1 {0}",
    "-zvn 127.0.0.1 {0} {1}",
    "-zvn 127.0.0.1 {0} {2} {1}",
    "-zvn 127.0.0.1 {2} {0}",
    "-zvn 127.0.0.1 {0} {2}",
    "-zvn 127.0.0.1 {0}-{0}",
    "-zvnw 2 127.0.0.1 {0}",
    "-4zv localhost {0}",
    "-zvn -s 127.0.0.1 127.0.0.1 {0}",
    "-zvNd 127.0.0.1 {0}",
    "-zv 127.0.0.1 {0} {0}",
    "-zvT ef 127.0.0.1 {0}",
    "-zvni 1 127.0.0.1 {2} {0}",
]


@pytest.mark.parametrize("words", SCANS)
def test_scan(words: str, port: int) -> None:
    with listening() as one, listening() as other:
        asked = words.format(one.port, other.port, port).split()
        ours, theirs = (ran(command, *asked) for command in both())
    assert ours == theirs


def test_ports_in_random_order_are_the_same_ports() -> None:
    with listening() as one, listening() as other:
        ours, theirs = (
            ran(command, "-zvnr", "127.0.0.1", one.port, other.port) for command in both()
        )
    assert (ours[0], sorted(ours[2].splitlines())) == (theirs[0], sorted(theirs[2].splitlines()))


@pytest.mark.parametrize("options", ["-vn", "-n"])
def test_connections_to_several_ports_one_after_another(options: str) -> None:
    outcomes = []
    for command in both():
        with (
            listening() as one,
            listening() as other,
            Program(*command, options, "127.0.0.1", one.port, other.port) as program,
        ):
            program.end_input()
            for server, word in ((one, b"one"), (other, b"two")):
                peer = server.accepts()
                peer.says(word)
                peer.closes()
            shown = program.rest()
            said = re.sub(rb"\b\d{4,5}\b", b"PORT", plain(program.ends(None)))
            outcomes.append((program.process.returncode, shown, said))
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][1] == b"onetwo"


# UDP.


@pytest.mark.parametrize("options", ["-zu", "-zvu", "-zvun", "-vu"])
def test_closed_udp_port(options: str, udp_port: int) -> None:
    """Without -v nc reports success for any UDP port; pync waits for ICMP messages."""
    words = [options, "-w", "1", "127.0.0.1", str(udp_port)]
    ours, theirs = ran(OURS, *words), ran((needs("nc"),), *words)
    if options == "-zu":
        assert (ours, theirs) == ((1, b"", b""), (0, b"", b""))
    elif options == "-vu":
        # nc sends X until ICMP reports a closed port; pync sends only its input, here nothing.
        assert theirs == (1, b"", b"")
        assert ours[0] == 0
        assert ours[2].endswith(b"port [udp/*] open|filtered\n")
    else:
        assert ours == theirs == (1, b"", b"")


def test_open_udp_port_is_not_proven_open() -> None:
    with mailbox() as box:
        words = ["-zvun", "-w", "1", "127.0.0.1", box.port]
        ours, theirs = ran(OURS, *words), ran((needs("nc"),), *words)
    assert theirs[2] == ours[2].replace(b"open|filtered", b"succeeded!")
    assert (ours[0], ours[1]) == (theirs[0], theirs[1]) == (0, b"")


@pytest.mark.parametrize("options", ["-lu", "-luvn", "-luv"])
def test_udp_listener_and_its_first_peer(options: str, udp_port: int) -> None:
    outcomes = []
    for command in both():
        with Program(*command, options, "-w", "1", "127.0.0.1", str(udp_port)) as program:
            until(lambda: is_bound(udp_port, "udp"), "the socket to be bound", program)
            with socket.socket(type=socket.SOCK_DGRAM) as peer:
                peer.settimeout(DEADLINE)
                peer.connect(("127.0.0.1", udp_port))
                peer.send(b"first")
                shown = program.read(5)
                program.write(b"answer\n")
                answer = peer.recv(100)
                peer.send(b"second")
                shown += program.read(6)
            said = re.sub(rb"\b\d{4,5}\b", b"PORT", plain(program.ends(None)))
            outcomes.append((program.process.returncode, shown, answer, said))
    assert outcomes[0] == outcomes[1]


def test_answer_is_sent_from_the_address_that_the_client_used(udp_port: int) -> None:
    """nc answers from the address of the route, so a client with a connected socket drops it."""
    senders = []
    for command in both():
        with Program(*command, "-lu", "0.0.0.0", str(udp_port)) as program, mailbox() as box:
            until(lambda: is_bound(udp_port, "udp"), "the socket to be bound", program)
            box.says(b"question", ("127.0.0.2", udp_port))
            assert program.read(8) == b"question"
            program.write(b"answer")
            data, sender = box.sock.recvfrom(100)
            assert data == b"answer"
            senders.append(sender[0])
    assert senders == ["127.0.0.2", "127.0.0.1"]


def test_udp_listener_for_all_peers_sends_nothing(udp_port: int) -> None:
    """-k: the datagrams of all peers are shown, and input is sent to none of them."""
    outcomes = []
    for command in both():
        with (
            Program(*command, "-lukvn", "127.0.0.1", str(udp_port)) as program,
            ExitStack() as stack,
        ):
            until(lambda: is_bound(udp_port, "udp"), "the socket to be bound", program)
            boxes = [stack.enter_context(mailbox()) for _ in range(3)]
            for number, box in enumerate(boxes):
                box.says(b"%d\n" % number, ("127.0.0.1", udp_port))
                assert program.read(2) == b"%d\n" % number
                program.write(b"typed\n")
            # The second round proves that the input was dropped, or not read at all.
            for box in boxes:
                box.says(b"again\n", ("127.0.0.1", udp_port))
                assert program.read(6) == b"again\n"
            answered = [bool(select.select([box.sock], [], [], 0)[0]) for box in boxes]
            program.process.terminate()
            outcomes.append((answered, re.sub(rb"\d{4,5}", b"PORT", program.ends(None))))
    assert outcomes[0] == outcomes[1] == ([False] * 3, b"Bound on 127.0.0.1 PORT\n")


# Unix sockets.


@pytest.mark.parametrize("options", ["-lU", "-lvU", "-lNU", "-lvUs"])
def test_listener_on_a_path(options: str, tmp_path: Path) -> None:
    outcomes = []
    for number, command in enumerate(both()):
        path = tmp_path / f"s{number}"
        with ExitStack() as stack:
            program = stack.enter_context(Program(*command, options, str(path)))
            until(lambda: is_listening_path(path), "the listener", program)  # noqa: B023
            sock = stack.enter_context(socket.socket(socket.AF_UNIX))
            sock.settimeout(DEADLINE)
            sock.connect(str(path))
            peer = Peer(sock)
            peer.says(b"question\n")
            program.write(b"answer\n")
            peer.hears(b"answer\n")
            peer.half_closes()
            program.end_input()
            shown = program.rest()
            said = plain(program.ends(None)).replace(str(path).encode(), b"PATH")
            outcomes.append((program.process.returncode, shown, said))
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("options", ["-nvl :: {}", "-6nvl {}", "-nvlu :: {}", "-6nvlu {}"])
def test_listener_on_ipv6_takes_ipv4(options: str, port: int, udp_port: int) -> None:
    """Except with net.ipv6.bindv6only, where neither program does."""
    with open("/proc/sys/net/ipv6/bindv6only", encoding="ascii") as file:
        if file.read().strip() != "0":
            pytest.skip("net.ipv6.bindv6only is set")
    number = udp_port if "u" in options else port
    outcomes = []
    for command in both():
        with Program(*command, *options.format(number).split()) as listener:
            listener.hears(rb"on :: \d+\n")
            if "u" in options:
                with mailbox() as box:
                    box.says(b"hello", ("127.0.0.1", number))
                    assert listener.read(5) == b"hello"
            else:
                listener.end_input()
                with connected(number) as peer:
                    peer.says(b"hello")
                assert listener.rest() == b"hello"
            listener.hears(rb"received on \S+ \d+\n")
            outcomes.append(re.sub(rb"\d+\n", b"\n", listener.said))
    assert outcomes[0] == outcomes[1]


def test_listener_removes_its_path_but_nc_does_not(tmp_path: Path) -> None:
    left = []
    for number, command in enumerate(both()):
        path = tmp_path / f"s{number}"
        with Program(*command, "-lU", str(path)) as program:
            until(lambda: is_listening_path(path), "the listener", program)  # noqa: B023
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(str(path))
            program.end_input()
            program.ends(0)
        left.append(path.exists())
    assert left == [False, True]


def test_file_at_the_path_is_kept_but_nc_removes_it(tmp_path: Path) -> None:
    kept = []
    for number, command in enumerate(both()):
        path = tmp_path / f"file{number}"
        path.write_bytes(b"precious")
        with Program(*command, "-lU", str(path)) as program:
            program.end_input()
            if command == OURS:
                assert program.ends(1) == b"nc: Address already in use\n"
            else:
                until(lambda: is_listening_path(path), "the listener", program)  # noqa: B023
        kept.append(path.is_file())
    assert kept == [True, False]


def test_datagram_client_replaces_a_stale_socket_at_its_own_path(tmp_path: Path) -> None:
    outcomes = []
    for number, command in enumerate(both()):
        path, own = str(tmp_path / f"s{number}"), str(tmp_path / f"own{number}")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stale:
            stale.bind(own)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as box:
            box.settimeout(DEADLINE)
            box.bind(path)
            with Program(*command, "-w", "1", "-uU", "-s", own, path) as program:
                program.write(b"ping\n")
                data, sender = box.recvfrom(100)
                box.sendto(b"pong\n", sender)
                outcomes.append((data, sender == own, program.read(5)))
    assert outcomes[0] == outcomes[1] == (b"ping\n", True, b"pong\n")


@pytest.mark.parametrize("options", ["-uU", "-uNU", "-uvU"])
def test_datagram_client_can_be_answered(options: str, tmp_path: Path) -> None:
    outcomes = []
    for number, command in enumerate(both()):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as box:
            box.settimeout(DEADLINE)
            path = str(tmp_path / f"s{number}")
            box.bind(path)
            with Program(*command, "-w", "1", options, path) as program:
                program.write(b"ping\n")
                data, sender = box.recvfrom(100)
                box.sendto(b"pong\n", sender)
                shown = program.read(5)
                said = plain(program.ends(None)).replace(path.encode(), b"PATH")
                said = re.sub(rb"/nc-\w+/", b"/nc-OWN/", said)
                outcomes.append((data, shown, said, program.process.returncode))
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("options", ["-luU", "-lvuU"])
def test_datagram_listener_answers_its_first_peer(options: str, tmp_path: Path) -> None:
    outcomes = []
    for number, command in enumerate(both()):
        path = str(tmp_path / f"s{number}")
        with Program(*command, options, path) as program, ExitStack() as stack:
            until(Path(path).exists, "the socket to be bound", program)
            first, second = (
                stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
                for _ in range(2)
            )
            first.bind(f"{path}-first")
            first.sendto(b"first\n", path)
            shown = program.read(6)
            with pytest.raises(OSError) as refused:
                second.sendto(b"second\n", path)
            first.sendto(b"again\n", path)
            shown += program.read(6)
            if "v" in options:
                program.hears(rb"received on .*\n")
            said = program.said.replace(path.encode(), b"PATH")
            outcomes.append((shown, refused.value.errno, said))
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("options", ["-zU", "-zvU", "-zuU", "-zuvU"])
@pytest.mark.parametrize("there", [False, True])
def test_scan_of_a_path(options: str, there: bool, tmp_path: Path) -> None:
    outcomes = []
    path = str(tmp_path / "s")
    kind = socket.SOCK_DGRAM if "u" in options else socket.SOCK_STREAM
    with socket.socket(socket.AF_UNIX, kind) as sock:
        if there:
            sock.bind(path)
            if kind == socket.SOCK_STREAM:
                sock.listen()
        for command in both():
            status, shown, said = ran(command, options, path)
            outcomes.append((status, shown, re.sub(rb"/nc-\w+/", b"/nc-OWN/", said)))
    assert outcomes[0] == outcomes[1]


# Lines and clients, one after another.


def test_pause_between_lines() -> None:
    outcomes = []
    for command in both():
        with listening() as server, Program(*command, "-Ni", "1", "127.0.0.1", server.port) as one:
            one.write(b"one\ntwo\n")
            one.end_input()
            peer = server.accepts()
            peer.hears(b"one\n")
            quiet = peer.has_heard_nothing()
            outcomes.append((quiet, peer.hears_rest()))
            peer.closes()
            one.ends(0)
    assert outcomes == [(True, b"two\n")] * 2


def test_second_client_is_refused_but_nc_lets_it_wait(port: int) -> None:
    refused = []
    for command in both():
        with Program(*command, "-l", "127.0.0.1", str(port)) as program:
            until(lambda: is_bound(port), "the listener", program)
            with connected(port) as peer:
                peer.says(b"first")
                assert program.read(5) == b"first"
                with socket.socket() as late:
                    refused.append(late.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED)
    assert refused == [True, False]
