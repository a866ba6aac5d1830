"""nc.traditional and pync in its place: the same messages, output, sent data and exit statuses."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ..peer import DEADLINE, Peer, connected, listening, mailbox
from ..programs import PYNC, Program, is_bound, needs, until
from .sessions import (
    Outcome,
    answers_and_ends,
    answers_and_waits,
    hears_the_end,
    hears_the_end_and_answers,
    plain,
    says_much,
)

OURS = (*PYNC, "--as=nc.traditional")

#: Command lines that end without reaching a peer.
WORDS = """
-y
-y -h
--help
-q
-w
-o
-e
-z
-U x
-4 127.0.0.1 1
-6 ::1 1
127.0.0.1
127.0.0.1 x
127.0.0.1 0
127.0.0.1 1-
127.0.0.1 65536
127.0.0.1 1
127.0.0.1 ssh
127.0.0.1 tcpmux
localhost 1
-v 127.0.0.1 1
-v localhost 1
-vv 127.0.0.1 1
-vv localhost 1
-vn 127.0.0.1 1
-nvv 127.0.0.1 1
127.0.0.1 -v 1
127.0.0.1 1 -v
-v -- 127.0.0.1 1
-n localhost 1
-n ::1 1
::1 1
-v 127.0.0.7 1
127.0.0.7 1
no-such-host.invalid 1
-v no-such-host.invalid 1
-z 127.0.0.1 1
-zv 127.0.0.1 1
-zvn 127.0.0.1 1
-zvv 127.0.0.1 1
-uz 127.0.0.1 1
-uzv 127.0.0.1 1
-uzvvn 127.0.0.1 1
-w x 127.0.0.1 1
-w 0 127.0.0.1 1
-w 1 -v 127.0.0.1 1
-i x 127.0.0.1 1
-i 0 127.0.0.1 1
-p x 127.0.0.1 1
-p 0 127.0.0.1 1
-p {port} -v 127.0.0.1 1
-s x 127.0.0.1 1
-s 127.0.0.1 -v 127.0.0.1 1
-s 192.0.2.7 127.0.0.1 1
-g x 127.0.0.1 1
-G 5 127.0.0.1 1
-G x 127.0.0.1 1
-G 32 127.0.0.1 1
-G 4 127.0.0.1 1
-T 16 127.0.0.1 1
-T Minimize-Delay -v 127.0.0.1 1
-o /no/such/file 127.0.0.1 1
-e /bin/cat 127.0.0.1 1
-c cat 127.0.0.1 1
-b 127.0.0.1 1
-k 127.0.0.1 1
-t 127.0.0.1 1
-C 127.0.0.1 1
-q 0 127.0.0.1 1
-q -1 127.0.0.1 1
-l -p x
-l -p 0
-lup 0
-luv
-l -w 1
-lvn -w 1
-lv -w 1 127.0.0.1
-lvn -w 1 -s 127.0.0.1
-lvp {port} -w 1
""".strip("\n").split("\n")


def run(command: list[str] | tuple[str, ...], words: list[str], typed: bytes = b"") -> Outcome:
    """Run a program to its end without a peer."""
    done = subprocess.run([*command, *words], input=typed, capture_output=True, timeout=DEADLINE)
    return Outcome(done.stdout, plain(done.stderr), done.returncode, b"")


@pytest.mark.parametrize("words", WORDS)
def test_messages_are_equal(words: str, port: int) -> None:
    theirs = needs("nc.traditional")
    given = words.format(port=port).split()
    assert run(OURS, given) == run((theirs,), given)


def test_random_local_port() -> None:
    theirs = needs("nc.traditional")
    words = ["-r", "127.0.0.1", "1"]
    # Its random port may be in use. Then it gives up; pync tries another one.
    outcomes = (run((theirs,), words) for _ in range(10))
    free = next(one for one in outcomes if b"Can't grab" not in one.said)
    assert run(OURS, words) == free


@pytest.mark.parametrize("typed", [b"-v 127.0.0.1 1\n", b"127.0.0.1 1\nrest", b"-y\n"])
def test_without_arguments_it_asks_for_them(typed: bytes) -> None:
    assert run(OURS, [], typed) == run((needs("nc.traditional"),), [], typed)


def test_input_after_the_typed_command_line_is_sent() -> None:
    heard = []
    for command in (OURS, (needs("nc.traditional"),)):
        with listening() as server, Program(*command) as program:
            program.write(f"-q 1 127.0.0.1 {server.port}\nquestion\n".encode())
            program.end_input()
            heard.append(hears_the_end_and_answers(server.accepts()))
            assert program.rest() == b"answer\n"
            program.ends(0)
    assert heard[0] == heard[1] == b"question\n"


def test_help_names_each_option_of_nc_traditional_with_its_value() -> None:
    def columns(shown: bytes) -> list[bytes]:
        return [
            line.split(b"\t")[1].split()[0]
            for line in shown.replace(b"        -k", b"\t-k\t").splitlines()
            if line.startswith(b"\t-")
        ]

    ours, theirs = run(OURS, ["-h"]), run((needs("nc.traditional"),), ["-h"])
    assert (ours.status, ours.shown) == (theirs.status, theirs.shown) == (0, b"")
    assert columns(ours.said) == columns(theirs.said)


#: The options, the input, whether it ends then, and the peer's role.
CLIENTS: dict[str, tuple[str, bytes, bool, Callable[[Peer], bytes]]] = {
    "plain": ("", b"question\n", True, answers_and_ends),
    "input open": ("", b"question\n", False, answers_and_ends),
    "-q 0": ("-q 0", b"question\n", True, hears_the_end),
    "-q 1": ("-q 1", b"question\n", True, hears_the_end_and_answers),
    "-q 1, the peer stays": ("-q 1", b"question\n", True, answers_and_waits),
    "-w 1, the peer is silent": ("-w 1", b"question\n", True, hears_the_end),
    "-w 1, the peer answers": ("-w 1", b"question\n", True, answers_and_waits),
    "-w 1, input open": ("-w 1", b"question\n", False, answers_and_ends),
    "-v": ("-v", b"question\n", True, answers_and_ends),
    "-vv": ("-vv", b"question\n", True, answers_and_ends),
    "-vvn": ("-vvn", b"question\n", True, answers_and_ends),
    "-v by name": ("-v localhost", b"question\n", True, answers_and_ends),
    "much": ("", b"question\n", True, says_much),
    "-C": ("-C -q 1", b"question\n", True, hears_the_end_and_answers),
    "-t": ("-t", b"question\n", True, answers_and_ends),
    "-T -k -b": ("-T 16 -k -b", b"question\n", True, answers_and_ends),
    "-c": ("-vn -c 'echo hi; exit 3'", b"", True, hears_the_end),
    "-c, stderr": ("-c 'echo gone >&2; echo sent'", b"", True, hears_the_end),
    "-e": ("-vn -e /bin/true", b"", True, hears_the_end),
    "-e, nothing": ("-vn -e /no/such", b"", True, hears_the_end),
    "-e is one file": ("-vn -e '/bin/echo hi'", b"", True, hears_the_end),
    "-e is looked for nowhere": ("-vn -e cat", b"", True, hears_the_end),
}


def client(command: tuple[str, ...], name: str) -> Outcome:
    options, typed, ends, play = CLIENTS[name]
    with listening() as server:
        words = [*shlex.split(options)]
        host = [] if "localhost" in words else ["127.0.0.1"]
        with Program(*command, *words, *host, str(server.port)) as program:
            peer = server.accepts()
            program.write(typed)
            if ends:
                program.end_input()
            heard = play_or_reset(play, peer)
            shown = program.rest()
            said = program.ends(None)
            return Outcome(shown, plain(said), program.process.returncode, heard)


def play_or_reset(play: Callable[[Peer], bytes], peer: Peer) -> bytes:
    """Play the peer; a connection that is closed with unread input is reset."""
    try:
        return play(peer)
    except ConnectionResetError:
        return b"<reset>"


@pytest.mark.parametrize("name", CLIENTS)
def test_client(name: str) -> None:
    assert client(OURS, name) == client((needs("nc.traditional"),), name)


@pytest.mark.parametrize("options", ["-zv", "-zvv", "-zvn", "-z"])
def test_scan_of_several_ports(options: str, port: int) -> None:
    """Ports are tried from the highest to the lowest; closed ones are reported only with -vv."""
    outcomes = []
    with listening() as server:
        for command in (OURS, (needs("nc.traditional"),)):
            words = [options, "127.0.0.1", str(port), str(server.port)]
            done = subprocess.run(
                [*command, *words],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=DEADLINE,
            )
            server.accepts()
            outcomes.append((done.returncode, done.stdout, done.stderr))
    assert outcomes[0] == outcomes[1]


def test_dump(tmp_path: Path) -> None:
    dumps = []
    for number, command in enumerate((OURS, (needs("nc.traditional"),))):
        path = tmp_path / str(number)
        with listening() as server:
            where = ["127.0.0.1", str(server.port)]
            with Program(*command, "-q", "1", "-o", str(path), *where) as program:
                peer = server.accepts()
                program.write(b"a question of 30 bytes, with \0\n")
                peer.hears(b"a question of 30 bytes, with \0\n")
                peer.says(b"one\n")
                assert program.read(4) == b"one\n"
                peer.says(bytes(range(0x18, 0x88)))
                program.end_input()
                peer.hears_rest()
                peer.closes()
                program.rest()
                program.ends(0)
        dumps.append(path.read_text())
    assert dumps[0] == dumps[1]


@pytest.mark.parametrize("options", ["-un -w 1", "-uvn -q 1", "-uvvn -w 1"])
def test_client_over_udp(options: str) -> None:
    outcomes = []
    for command in (OURS, (needs("nc.traditional"),)):
        with mailbox() as box, Program(*command, *options.split(), "127.0.0.1", box.port) as ours:
            ours.write(b"ping\n")
            box.hears(b"ping\n")
            box.says(b"pong\n")
            shown = ours.read(5)
            ours.end_input()
            said = plain(ours.ends(None)).replace(b"net timeout\n", b"")
            outcomes.append(Outcome(shown, said, ours.process.returncode, b""))
    assert outcomes[0] == outcomes[1]


# Listeners.


def to_the_end(peer: Peer) -> bytes:
    peer.says(b"question\n")
    peer.hears(b"typed\n")
    peer.half_closes()
    return b"typed\n" + peer.hears_rest()


def asks(peer: Peer) -> bytes:
    peer.says(b"question\n")
    peer.half_closes()
    return peer.hears_rest()


#: The options, whether the input ends, and the client's role.
LISTENERS: dict[str, tuple[list[str], bool, Callable[[Peer], bytes]]] = {
    "-l": (["-l"], False, to_the_end),
    "-lv": (["-lv"], False, to_the_end),
    "-lvvn": (["-lvvn"], False, to_the_end),
    "a host": (["-lvn", "127.0.0.1"], False, to_the_end),
    "-s": (["-lvn", "-s", "127.0.0.1"], False, to_the_end),
    "-q 0": (["-l", "-q", "0"], True, Peer.hears_rest),
    "-q 1": (["-l", "-q", "1"], True, Peer.hears_rest),
    "-w 1": (["-l", "-w", "1"], True, Peer.hears_rest),
    "-e": (["-l", "-e", "/bin/cat"], True, asks),
    "-c": (["-l", "-c", "cat; exit 3"], True, asks),
    "-c, one word": (["-l", "-c", "cat"], True, asks),
}


def listener(command: tuple[str, ...], name: str, port: int) -> Outcome:
    options, ends, play = LISTENERS[name]
    with Program(*command, *options, "-p", str(port)) as program:
        until(lambda: is_bound(port), f"{name} to listen", program)
        if play is not asks:
            program.write(b"typed\n")
        if ends:
            program.end_input()
        with connected(port) as peer:
            heard = play_or_reset(play, peer)
        shown = program.rest()
        said = program.ends(None)
        said = b"".join(line for line in said.splitlines(True) if b"every machine" not in line)
        return Outcome(shown, plain(said), program.process.returncode, heard)


@pytest.mark.parametrize("name", LISTENERS)
def test_listener(name: str, port: int) -> None:
    ours = listener(OURS, name, port)
    assert ours == listener((needs("nc.traditional"),), name, port)


@pytest.mark.parametrize("options", ["-ulvn -q 1", "-ulvvn -w 1"])
def test_udp_listener(options: str, udp_port: int) -> None:
    outcomes = []
    for command in (OURS, (needs("nc.traditional"),)):
        with Program(*command, *options.split(), "-p", str(udp_port)) as program:
            until(lambda: is_bound(udp_port, "udp"), "the socket to be bound", program)
            program.write(b"typed\n")
            with mailbox() as box:
                box.says(b"hello\n", ("127.0.0.1", udp_port))
                box.hears(b"typed\n")
                shown = program.read(6)
                program.end_input()
                said = program.ends(None).replace(b"net timeout\n", b"")
            outcomes.append(Outcome(shown, plain(said), program.process.returncode, b""))
    assert outcomes[0] == outcomes[1]


def test_files_as_people_send_them(tmp_path: Path, port: int) -> None:
    """nc -l -p PORT > file; nc -q 0 HOST PORT < file, in all four pairs."""
    sent = tmp_path / "sent"
    sent.write_bytes(bytes(range(256)) * 4096)
    theirs = (needs("nc.traditional"),)
    for receiver in (OURS, theirs):
        for sender in (OURS, theirs):
            with (
                (tmp_path / "got").open("wb") as got,
                sent.open("rb") as source,
                Program(*receiver, "-l", "-p", str(port), stdout=got) as listens,
            ):
                until(lambda: is_bound(port), "the listener", listens)
                where = ["-q", "0", "127.0.0.1", str(port)]
                with Program(*sender, *where, stdin=source) as sends:
                    sends.ends(0)
                listens.ends(0)
            assert (tmp_path / "got").read_bytes() == sent.read_bytes()


def test_port_in_use_is_reported_at_once(port: int) -> None:
    """nc.traditional tries again forever."""
    with listening() as server:
        done = run(OURS, ["-l", "-p", str(server.port)])
    assert done.status == 1
    assert done.said == b"Can't grab 0.0.0.0:PORT with bind : Address already in use\n"
