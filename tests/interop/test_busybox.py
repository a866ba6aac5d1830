"""busybox nc and pync in its place: the same messages, output, sent data and exit statuses.

Debian's busybox has a small nc. The cases of the full one (Alpine's) run only where `busybox nc`
has its options.
"""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ..peer import DEADLINE, Peer, connected, listening
from ..programs import PYNC, Program, is_bound, needs, until
from .sessions import (
    Outcome,
    answers_and_ends,
    hears_the_end_and_answers,
    plain,
    says_much,
)

OURS = (*PYNC, "--as=busybox", "nc")

#: Command lines that end without reaching a peer.
SMALL = """
-y
-h
-w
-p
-e
-e cat
127.0.0.1
127.0.0.1 1
127.0.0.1 1 2
127.0.0.1 x
127.0.0.1 1x
127.0.0.1 1-3
127.0.0.1 70000
127.0.0.1 ssh
127.0.0.1:1
127.0.0.1:1 2
localhost 1
::1 1
no-such-host.invalid 1
127.0.0.1 1 -e cat
-w x 127.0.0.1 1
-w -1 127.0.0.1 1
-w 0 127.0.0.1 1
-w 1 127.0.0.1 1
-i x 127.0.0.1 1
-p x 127.0.0.1 1
-p 70000 127.0.0.1 1
-p {port} 127.0.0.1 1
-l -p x
-l -w 1
-l -p 0 -w 1
-l -p {port} -w 1
-ll -w 1
-l 127.0.0.1 -p {port} -w 1
-l 1.2.3.4 -p {port} -w 1
-l 127.0.0.1 5
""".strip("\n").split("\n")

FULL = """
-z
-v 127.0.0.1 1
-vv 127.0.0.1 1
-nvv 127.0.0.1 1
-zvv 127.0.0.1 1
-zv 127.0.0.1 1
-uz 127.0.0.1 1
-uzv 127.0.0.1 1
-uzvv 127.0.0.1 1
-vv no-such-host.invalid 1
-s 192.0.2.7 127.0.0.1 1
-o /no/such/file 127.0.0.1 1
-o
-b 127.0.0.1 1
-v 127.0.0.1 1-3
-lv -w 1 127.0.0.1
-lvn -w 1 -s 127.0.0.1
-x 127.0.0.1 1
-q 1 127.0.0.1 1
""".strip("\n").split("\n")


def full_one() -> str:
    """Return the busybox command if its nc is the full one; else skip the test."""
    command = needs("busybox")
    shown = subprocess.run([command, "nc", "--help"], capture_output=True, timeout=DEADLINE)
    if b"-z\t" not in shown.stderr:
        pytest.skip("the nc of this busybox is the small one")
    return command


def run(command: tuple[str, ...], words: list[str]) -> Outcome:
    """Run a program to its end without a peer; replace its usage text by "USAGE"."""
    done = subprocess.run(
        [*command, *words], stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE
    )
    said, usage, _ = done.stderr.partition(b"BusyBox v" if command[0] == "busybox" else b"pync ")
    return Outcome(done.stdout, plain(said) + (b"USAGE" if usage else b""), done.returncode, b"")


@pytest.mark.parametrize("words", ["", *SMALL, "--help"])
def test_messages_are_equal(words: str, port: int) -> None:
    theirs = (needs("busybox"), "nc")
    given = words.format(port=port).split()
    assert run(OURS, given) == run(theirs, given)


@pytest.mark.parametrize("words", FULL)
def test_messages_of_the_full_one_are_equal(words: str) -> None:
    theirs = (full_one(), "nc")
    assert run(OURS, words.split()) == run(theirs, words.split())


def answers_with_half_close(peer: Peer) -> bytes:
    peer.says(b"hey\n")
    peer.half_closes()
    return peer.hears_rest()


#: The arguments (@: host and port), the input, whether it ends then, and the peer's role.
CLIENTS: dict[str, tuple[str, bytes, bool, Callable[[Peer], bytes]]] = {
    "plain": ("@", b"question\n", True, answers_and_ends),
    "input open": ("@", b"question\n", False, answers_and_ends),
    "the peer hears the end": ("@", b"question\n", True, hears_the_end_and_answers),
    "-w": ("-w 1 @", b"question\n", True, hears_the_end_and_answers),
    "empty": ("@", b"", True, hears_the_end_and_answers),
    "much": ("@", b"question\n", True, says_much),
    "-e": ("@ -e cat", b"", True, answers_with_half_close),
    "-e with words": ("@ -e echo 'a  b' c", b"", True, Peer.hears_rest),
    "-e, its status": (
        "@ -e sh -c 'echo $1; echo err >&2; exit 3' x y",
        b"",
        True,
        Peer.hears_rest,
    ),
    "-e, nothing": ("@ -e /no/such", b"", True, Peer.hears_rest),
}

FULL_CLIENTS: dict[str, tuple[str, bytes, bool, Callable[[Peer], bytes]]] = {
    "-v": ("-v @", b"question\n", True, answers_and_ends),
    "-vv": ("-vv @", b"question\n", True, answers_and_ends),
    "-nvv": ("-nvv @", b"question\n", True, hears_the_end_and_answers),
    "-w 1, silence": ("-v -w 1 @", b"question\n", True, hears_the_end_and_answers),
    "-s": ("-v -s 127.0.0.1 @", b"question\n", True, answers_and_ends),
    "-e, a flag before": ("-v @ -e cat", b"", True, answers_with_half_close),
}


def client(
    command: tuple[str, ...], row: tuple[str, bytes, bool, Callable[[Peer], bytes]]
) -> Outcome:
    text, typed, ends, play = row
    with listening() as server:
        words = shlex.split(text.replace("@", f"127.0.0.1 {server.port}"))
        with Program(*command, *words) as program:
            peer = server.accepts()
            program.write(typed)
            if ends:
                program.end_input()
            try:
                heard = play(peer)
            except ConnectionResetError:
                heard = b"<reset>"
            shown = program.rest()
            said = program.ends(None)
            return Outcome(shown, plain(said), program.process.returncode, heard)


@pytest.mark.parametrize("name", CLIENTS)
def test_client(name: str) -> None:
    theirs = (needs("busybox"), "nc")
    assert client(OURS, CLIENTS[name]) == client(theirs, CLIENTS[name])


@pytest.mark.parametrize("name", FULL_CLIENTS)
def test_client_full_applet(name: str) -> None:
    theirs = (full_one(), "nc")
    assert client(OURS, FULL_CLIENTS[name]) == client(theirs, FULL_CLIENTS[name])


def test_dump_full_applet(tmp_path: Path) -> None:
    dumps = []
    for number, command in enumerate(((full_one(), "nc"), OURS)):
        row = (f"-o {tmp_path / str(number)} @", b"question\n", True, answers_and_ends)
        client(command, row)
        dumps.append((tmp_path / str(number)).read_text())
    assert dumps[0] == dumps[1]


def to_the_end(peer: Peer) -> bytes:
    peer.says(b"question\n")
    peer.hears(b"typed\n")
    peer.half_closes()
    return b"typed\n" + peer.hears_rest()


#: The options, and the client's role.
LISTENERS: dict[str, tuple[list[str], Callable[[Peer], bytes]]] = {
    "-l -p": (["-l"], to_the_end),
    "a host": (["-l", "127.0.0.1"], to_the_end),
    "-e": (["-l"], answers_with_half_close),
    "-ll": (["-ll"], to_the_end),
}


def listener(command: tuple[str, ...], name: str, port: int) -> Outcome:
    options, play = LISTENERS[name]
    words = [*options, "-p", str(port), *(["-e", "cat"] if play is answers_with_half_close else [])]
    with Program(*command, *words) as program:
        until(lambda: is_bound(port), f"{name} to listen", program)
        if play is to_the_end:
            program.write(b"typed\n")
        with connected(port) as peer:
            heard = play(peer)
        shown = program.rest()
        said = program.ends(None)
        said = b"".join(line for line in said.splitlines(True) if b"every machine" not in line)
        return Outcome(shown, plain(said), program.process.returncode, heard)


@pytest.mark.parametrize("name", LISTENERS)
def test_listener(name: str, port: int) -> None:
    ours = listener(OURS, name, port)
    assert ours == listener((needs("busybox"), "nc"), name, port)


def test_listener_for_many_clients(port: int) -> None:
    """-ll -e runs a command for each client."""
    for command in (OURS, (needs("busybox"), "nc")):
        with Program(*command, "-llp", str(port), "-e", "cat") as program:
            until(lambda: is_bound(port), "the listener", program)
            for _ in range(3):
                with connected(port) as peer:
                    assert answers_with_half_close(peer) == b"hey\n"
            assert program.process.poll() is None


def test_f_is_refused_with_one_line() -> None:
    done = run(OURS, ["-f", "/dev/null"])
    said = b"nc: -f is not supported: only sockets are\nUSAGE"
    assert (done.status, done.said) == (1, said)
