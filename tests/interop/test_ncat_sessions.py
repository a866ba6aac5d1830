"""Sessions of ncat, and of pync as ncat, with the same peer: equal output, data and status."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from ..peer import Peer, connected, listening, mailbox
from ..programs import PYNC, Program, is_bound, needs, until
from .sessions import (
    Outcome,
    answers_and_ends,
    hears_the_end,
    hears_the_end_and_answers,
    plain,
    says_much,
)

OURS = (*PYNC, "--as=ncat")


# Roles of ncat's peer only (see sessions.py); each returns the data that it received.


def resets(peer: Peer) -> bytes:
    peer.says(b"some")
    peer.hears(b"question\n")
    peer.resets()
    return b"question\n"


def says_and_ends(peer: Peer) -> bytes:
    peer.says(b"all")
    peer.closes()
    return b""


#: Options, the input, whether it ends then, and the peer's role.
CLIENTS: dict[str, tuple[str, bytes, bool, Callable[[Peer], bytes]]] = {
    "plain": ("", b"question\n", True, hears_the_end_and_answers),
    "input open": ("", b"question\n", False, answers_and_ends),
    "--no-shutdown": ("--no-shutdown", b"question\n", True, answers_and_ends),
    "-i, idle": ("-i 500ms", b"question\n", False, hears_the_end),
    "-i, input over": ("-i 500ms", b"", True, hears_the_end),
    "reset": ("", b"question\n", False, resets),
    "-C": ("-C", b"a\nb\r\nc", True, hears_the_end_and_answers),
    "much": ("", b"question\n", True, says_much),
    "--send-only": ("--send-only", b"question\n", True, hears_the_end),
    "--recv-only": ("--recv-only", b"", False, says_and_ends),
    "-w": ("-w 5", b"question\n", True, hears_the_end_and_answers),
    "-4": ("-4", b"question\n", True, hears_the_end_and_answers),
    "-n": ("-n", b"question\n", True, hears_the_end_and_answers),
    "-s": ("-s 127.0.0.1", b"question\n", True, hears_the_end_and_answers),
    "-d": ("-d 10ms", b"question\n", True, hears_the_end_and_answers),
    "options last": ("@ -C", b"a\n", True, hears_the_end_and_answers),
    "bytes": ("", bytes(range(256)), True, hears_the_end_and_answers),
    "empty": ("", b"", True, hears_the_end_and_answers),
}


def client(command: tuple[str, ...], name: str) -> Outcome:
    options, typed, ends, play = CLIENTS[name]
    with listening() as server:
        where = f"127.0.0.1 {server.port}"
        words = options.replace("@", where) if "@" in options else f"{options} {where}"
        with Program(*command, *words.split()) as program:
            peer = server.accepts()
            program.write(typed)
            if ends:
                program.end_input()
            heard = play(peer)
            if not ends and play is answers_and_ends:
                program.end_input()
            shown = program.rest()
            said = program.ends(None)
            return Outcome(shown, plain(said), program.process.returncode, heard)


@pytest.mark.parametrize("name", CLIENTS)
def test_client(name: str) -> None:
    assert client(OURS, name) == client((needs("ncat"),), name)


def test_client_over_a_unix_socket(tmp_path: Path) -> None:
    outcomes: list[object] = []
    for command in (OURS, (needs("ncat"),)):
        with socket.socket(socket.AF_UNIX) as listener:
            path = str(tmp_path / f"s{len(outcomes)}")
            listener.bind(path)
            listener.listen()
            with Program(*command, "-U", path) as program:
                peer = Peer(listener.accept()[0])
                program.write(b"question\n")
                program.end_input()
                heard = hears_the_end_and_answers(peer)
                shown = program.rest()
                said = program.ends(None)
                outcomes.append(Outcome(shown, said, program.process.returncode, heard))
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("options", ["-u -i 500ms", "-un -i 500ms"])
def test_client_over_udp(options: str) -> None:
    outcomes: list[object] = []
    for command in (OURS, (needs("ncat"),)):
        with mailbox() as box, Program(*command, *options.split(), "127.0.0.1", box.port) as ours:
            ours.write(b"ping\n")
            box.hears(b"ping\n")
            box.says(b"pong\n")
            shown = ours.read(5)
            said = ours.ends(None)
            outcomes.append(Outcome(shown, said, ours.process.returncode, b""))
    assert outcomes[0] == outcomes[1]


# Listeners.


def to_the_end(peer: Peer) -> None:
    peer.says(b"question\n")
    peer.hears(b"typed\n")
    peer.half_closes()
    peer.hears_rest()


#: Options, and the roles of the clients in order.
LISTENERS: dict[str, tuple[str, list[Callable[[Peer], None]]]] = {
    "-l": ("-l", [to_the_end]),
    "-l --test": ("-l --test", [to_the_end]),
    "-l --no-shutdown": ("-l --no-shutdown", [to_the_end]),
    "-l -p": ("-l -p", [to_the_end]),
    "-l6": ("-l -6", [to_the_end]),
}


def listener(command: tuple[str, ...], name: str, port: int) -> Outcome:
    options, clients = LISTENERS[name]
    host = "::1" if "6" in options else "127.0.0.1"
    where = [str(port)] if options.endswith("-p") else [host, str(port)]
    with ExitStack() as stack:
        program = stack.enter_context(Program(*command, *options.split(), *where))
        until(lambda: is_bound(port, host=host), f"{name} to listen", program)
        program.write(b"typed\n")
        shown = b""
        for play in clients:
            with connected(port, host) as peer:
                play(peer)
        program.end_input()
        shown += program.rest()
        said = program.ends(None)
        return Outcome(shown, plain(said), program.process.returncode, b"")


@pytest.mark.parametrize("name", LISTENERS)
def test_listener(name: str, port: int) -> None:
    ours = listener(OURS, name, port)
    assert ours == listener((needs("ncat"),), name, port)
