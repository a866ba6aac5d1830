"""Sessions of nc, and of pync as nc, with the same peer: equal stdout, stderr, data and status."""

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
    resets,
    says_and_waits,
    says_much,
)

OURS = (*PYNC, "--as=nc")

#: Options, the input, whether it ends then, and the peer's role.
CLIENTS: dict[str, tuple[str, bytes, bool, Callable[[Peer], bytes]]] = {
    "plain": ("", b"question\n", True, answers_and_ends),
    "input open": ("", b"question\n", False, answers_and_ends),
    "-N": ("-N", b"question\n", True, hears_the_end_and_answers),
    "-q 3": ("-q 3", b"question\n", True, hears_the_end_and_answers),
    "-w 1, idle": ("-w 1", b"question\n", False, hears_the_end),
    "-w 1, input over": ("-w 1", b"", True, hears_the_end),
    "reset": ("", b"question\n", False, resets),
    "-v, reset": ("-vn", b"question\n", False, resets),
    "-C": ("-CN", b"a\nb\r\n\rc", True, hears_the_end_and_answers),
    "-d": ("-d -w 1", b"never sent\n", True, hears_the_end),
    "much": ("", b"question\n", True, says_much),
    "-v": ("-v", b"question\n", True, answers_and_ends),
    "-vn": ("-vn", b"question\n", True, answers_and_ends),
    "-4v": ("-4v", b"question\n", True, answers_and_ends),
    "-W 1": ("-W 1", b"", False, says_and_waits),
    "-s": ("-vns 127.0.0.1", b"question\n", True, answers_and_ends),
    "-T": ("-vnT lowdelay", b"question\n", True, answers_and_ends),
    "-I -O": ("-I 8192 -O 8192", b"question\n", True, says_much),
    "options last": ("@ -N", b"question\n", True, hears_the_end_and_answers),
    "bytes": ("-N", bytes(range(256)), True, hears_the_end_and_answers),
    "empty": ("-N", b"", True, hears_the_end_and_answers),
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
    assert client(OURS, name) == client((needs("nc"),), name)


def test_t_answers_as_nc_and_shows_none_of_it() -> None:
    """The answers on the wire are equal; nc leaves the negotiation in its output."""
    shown = []
    for command in (OURS, (needs("nc"),)):
        with listening() as server, Program(*command, "-t", "127.0.0.1", server.port) as program:
            peer = server.accepts()
            peer.says(b"\xff\xfd\x18\xff\xfb\x01login: ")
            peer.hears(b"\xff\xfc\x18\xff\xfe\x01")
            program.write(b"joe\n")
            peer.hears(b"joe\n")
            peer.closes()
            program.end_input()
            shown.append(program.rest())
            program.ends(0)
    assert shown == [b"login: ", b"\xff\xfd\x18\xff\xfb\x01login: "]


@pytest.mark.parametrize("seconds", ["0", "1"])
def test_q_exits_where_nc_hangs(seconds: str) -> None:
    """-q over TCP: nc 1.219 sends FIN and then waits for the peer forever."""
    with listening() as server, Program(*OURS, "-q", seconds, "127.0.0.1", server.port) as ours:
        peer = server.accepts()
        ours.write(b"question\n")
        ours.end_input()
        assert peer.hears_rest() == b"question\n"
        ours.ends(0)


def test_client_over_a_unix_socket(tmp_path: Path) -> None:
    outcomes: list[Outcome] = []
    for command in (OURS, (needs("nc"),)):
        with socket.socket(socket.AF_UNIX) as listener:
            path = str(tmp_path / f"s{len(outcomes)}")
            listener.bind(path)
            listener.listen()
            with Program(*command, "-NvU", path) as program:
                peer = Peer(listener.accept()[0])
                program.write(b"question\n")
                program.end_input()
                heard = hears_the_end_and_answers(peer)
                shown = program.rest()
                said = program.ends(None)
                outcomes.append(Outcome(shown, said, program.process.returncode, heard))
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("options", ["-u -w 1", "-un -w 1"])
def test_client_over_udp(options: str) -> None:
    outcomes = []
    for command in (OURS, (needs("nc"),)):
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


def reset(peer: Peer) -> None:
    peer.hears(b"typed\n")
    peer.resets()


#: Options, and the roles of the clients in order.
LISTENERS: dict[str, tuple[str, list[Callable[[Peer], None]]]] = {
    "-l": ("-l", [to_the_end]),
    "-lv": ("-lv", [to_the_end]),
    "-lvn": ("-lvn", [to_the_end]),
    "-l, reset": ("-l", [reset]),
    "-lN": ("-lN", [to_the_end]),
    "-l -p": ("-l -p", [to_the_end]),
    "-l6": ("-lvn6", [to_the_end]),
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
    assert ours == listener((needs("nc"),), name, port)


def test_listener_for_many_clients(port: int) -> None:
    """-k: client after client, until it is stopped."""
    outcomes: list[tuple[int, bytes]] = []
    for command in (OURS, (needs("nc"),)):
        with Program(*command, "-lkvn", "127.0.0.1", str(port)) as program:
            until(lambda: is_bound(port), "the listener", program)
            for word in (b"one", b"two", b"three"):
                with connected(port) as peer:
                    peer.says(word)
                    peer.half_closes()
                    assert program.read(len(word)) == word
                program.hears(rb"(?s)(Connection received.*){%d}" % 1)
            program.process.terminate()
            outcomes.append((program.process.wait(10), plain(program.said).split(b"\n")[0]))
    assert outcomes[0] == outcomes[1]
