"""The peer breaks: what had come is shown, what had been sent is accounted for, and it is told.

Where RST comes from: an abort, a close with input unread, a kill, a write after the end.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from ..peer import Peer, Server, connected, listening
from ..programs import stays, until
from .conftest import Start, heard_port

linux = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only on Linux: data stays queued after RST"
)


def test_a_reset_is_told_after_what_came_before_it(pync: Start, server: Server) -> None:
    program = pync("127.0.0.1", server.port)
    peer = server.accepts()
    peer.says(b"last words")
    assert program.read(10) == b"last words"
    peer.resets()
    said = program.ends(1)
    assert said.endswith(b": connection reset by peer\n")
    assert said == f"pync: relay tcp://127.0.0.1:{server.port}: ".encode() + said.split(b": ")[-1]


@linux
def test_what_came_before_an_early_reset_is_shown(pync: Start, server: Server) -> None:
    """However early: the connection may be gone before connect(2) has returned."""
    for _ in range(20):
        program = pync("127.0.0.1", server.port)
        peer = server.accepts()
        peer.says(b"go away\n")
        peer.resets()
        assert program.rest() == b"go away\n"
        assert program.ends(1).endswith(b": connection reset by peer\n")


def test_a_reset_after_the_peers_end_is_told(pync: Start, server: Server) -> None:
    """The peer's FIN has been seen, our input is silent, and then nobody is there any more."""
    program = pync("127.0.0.1", server.port)
    peer = server.accepts()
    peer.half_closes()
    peer.resets()
    assert program.ends(1).endswith(b": connection reset by peer\n")


@linux
@pytest.mark.parametrize(("words", "status"), [([], 1), (["--as=nc"], 0), (["--as=ncat"], 1)])
def test_a_client_that_resets_before_it_is_accepted(
    pync: Start, words: list[str], status: int
) -> None:
    program = pync(*words, "-lv", "127.0.0.1", "0")
    port = int(program.hears(rb"Listening on \S+[ :](\d+)")[1])
    os.kill(program.process.pid, signal.SIGSTOP)
    with connected(port) as peer:
        peer.says(b"hello\n")
        peer.resets()
    os.kill(program.process.pid, signal.SIGCONT)
    assert program.rest() == b"hello\n"
    program.ends(status)


def test_a_reset_of_a_listeners_client(pync: Start) -> None:
    program = pync("-lv", "127.0.0.1", "0")
    port = heard_port(program)
    with connected(port) as peer:
        peer.says(b"x")
        assert program.read(1) == b"x"
        peer.resets()
    assert program.ends(1).count(b"connection reset by peer\n") == 1


@linux
@pytest.mark.parametrize("kind", ["pipe", "file"])
def test_what_was_received_before_a_reset_is_shown(
    pync: Start, server: Server, tmp_path: Path, kind: str
) -> None:
    """The server answers and closes with our question unread: its kernel sends RST."""
    question = os.urandom(1000)
    answer = os.urandom(40_000)
    shown = tmp_path / "shown"
    for _ in range(10):
        with shown.open("wb") as sink:
            program = pync("127.0.0.1", server.port, stdout=sink if kind == "file" else None)
        peer = server.accepts()
        program.write(question)
        assert peer.sock.recv(2000, socket.MSG_PEEK)
        peer.says(answer)
        peer.closes()
        program.end_input()
        assert (program.rest() if kind == "pipe" else b"") == (answer if kind == "pipe" else b"")
        assert program.ends(1).endswith(b": connection reset by peer\n")
        if kind == "file":
            assert shown.read_bytes() == answer


@linux
def test_what_waits_for_a_slow_reader_at_the_reset_is_shown(pync: Start, server: Server) -> None:
    """pync has read it, its output takes no more, and then the peer resets."""
    answer = os.urandom(600_000)
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            program = pync("127.0.0.1", server.port, stdout=theirs.fileno())
        peer = server.accepts()
        peer.says(answer)
        until(lambda: peer.unacknowledged() == 0, "everything to be with pync's kernel", program)
        peer.resets()
        shown = Peer(ours).hears_rest()
    assert program.ends(1).endswith(b": connection reset by peer\n")
    assert shown == answer


def test_a_write_that_fails_is_told(pync: Start, tmp_path: Path) -> None:
    sent = tmp_path / "sent"
    sent.write_bytes(bytes(20_000_000))
    with listening(receives=4096) as server, sent.open("rb") as source:
        program = pync("127.0.0.1", server.port, stdin=source)
        peer = server.accepts()
        peer.half_closes()
        assert stays(program, 0.1)
        peer.closes()
        said = program.ends(1)
    assert said.startswith(b"pync: relay ")
    assert said.count(b"\n") == 1


def test_what_was_piped_in_and_never_read_is_told(pync: Start, server: Server) -> None:
    """pync has sent all and FIN; the server ends without having read it."""
    for _ in range(10):
        program = pync("127.0.0.1", server.port)
        peer = server.accepts()
        program.write(b"precious")
        program.end_input()
        assert peer.sock.recv(100, socket.MSG_PEEK) == b"precious"
        peer.closes()
        assert program.ends(1).endswith(b": connection reset by peer\n")


@linux
def test_what_was_sent_and_never_acknowledged_is_told(pync: Start) -> None:
    """pync has handed everything to its kernel and would leave: it waits, and learns."""
    with listening(receives=4096) as server:
        program = pync("--send-only", "127.0.0.1", server.port)
        peer = server.accepts()
        program.write(bytes(200_000))
        program.end_input()
        assert stays(program, 0.5)
        peer.resets()
        assert program.ends(1).endswith(b": connection reset by peer\n")


def test_a_peer_that_is_killed(pync: Start) -> None:
    """kill -9: the kernel closes for it, and that is an end like any other."""
    listener = pync("-lv", "127.0.0.1", "0")
    caller = pync("127.0.0.1", heard_port(listener))
    caller.write(b"x")
    assert listener.read(1) == b"x"
    listener.process.kill()
    assert caller.rest() == b""
    caller.end_input()
    caller.ends(0)
