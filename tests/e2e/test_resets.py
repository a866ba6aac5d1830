"""The peer resets: received data is shown, unsent data is detected, and the reset is reported.

Causes of RST: an abort, a close with unread input, a kill, a write after the end.
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


def test_reset_is_reported_after_the_data_before_it(pync: Start, server: Server) -> None:
    program = pync("127.0.0.1", server.port)
    peer = server.accepts()
    peer.says(b"last words")
    assert program.read(10) == b"last words"
    peer.resets()
    said = program.ends(1)
    assert said.endswith(b": connection reset by peer\n")
    assert said == f"pync: relay tcp://127.0.0.1:{server.port}: ".encode() + said.split(b": ")[-1]


@linux
def test_data_before_an_early_reset_is_shown(pync: Start, server: Server) -> None:
    """Even if the connection was reset before connect(2) has returned."""
    for _ in range(20):
        program = pync("127.0.0.1", server.port)
        peer = server.accepts()
        peer.says(b"go away\n")
        peer.resets()
        assert program.rest() == b"go away\n"
        assert program.ends(1).endswith(b": connection reset by peer\n")


def test_reset_after_the_peers_fin_is_reported(pync: Start, server: Server) -> None:
    """The peer's FIN has arrived, pync's input is silent, and then the peer resets."""
    program = pync("127.0.0.1", server.port)
    peer = server.accepts()
    peer.half_closes()
    peer.resets()
    assert program.ends(1).endswith(b": connection reset by peer\n")


@linux
@pytest.mark.parametrize(("words", "status"), [([], 1), (["--as=nc"], 0), (["--as=ncat"], 1)])
def test_client_resets_before_it_is_accepted(pync: Start, words: list[str], status: int) -> None:
    program = pync(*words, "-lv", "127.0.0.1", "0")
    port = int(program.hears(rb"Listening on \S+[ :](\d+)")[1])
    os.kill(program.process.pid, signal.SIGSTOP)
    with connected(port) as peer:
        peer.says(b"hello\n")
        peer.resets()
    os.kill(program.process.pid, signal.SIGCONT)
    assert program.rest() == b"hello\n"
    program.ends(status)


def test_reset_of_a_listeners_client(pync: Start) -> None:
    program = pync("-lv", "127.0.0.1", "0")
    port = heard_port(program)
    with connected(port) as peer:
        peer.says(b"x")
        assert program.read(1) == b"x"
        peer.resets()
    assert program.ends(1).count(b"connection reset by peer\n") == 1


@linux
@pytest.mark.parametrize("kind", ["pipe", "file"])
def test_answer_before_a_reset_is_shown(
    pync: Start, server: Server, tmp_path: Path, kind: str
) -> None:
    """The server answers and closes without reading the question: its kernel sends RST."""
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
def test_data_that_waits_for_a_slow_reader_is_shown_after_a_reset(
    pync: Start, server: Server
) -> None:
    """pync has read the data, its output is full, and then the peer resets."""
    answer = os.urandom(600_000)
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            program = pync("127.0.0.1", server.port, stdout=theirs.fileno())
        peer = server.accepts()
        peer.says(answer)
        until(lambda: peer.unacknowledged() == 0, "everything to reach pync's kernel", program)
        peer.resets()
        shown = Peer(ours).hears_rest()
    assert program.ends(1).endswith(b": connection reset by peer\n")
    assert shown == answer


def test_failed_write_is_reported(pync: Start, tmp_path: Path) -> None:
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


def test_input_that_the_peer_never_read_is_reported(pync: Start, server: Server) -> None:
    """pync has sent everything and FIN; the server exits without having read it."""
    for _ in range(10):
        program = pync("127.0.0.1", server.port)
        peer = server.accepts()
        program.write(b"precious")
        program.end_input()
        assert peer.sock.recv(100, socket.MSG_PEEK) == b"precious"
        peer.closes()
        assert program.ends(1).endswith(b": connection reset by peer\n")


@linux
def test_sent_data_that_was_never_acknowledged_is_reported(pync: Start) -> None:
    """pync has given everything to the kernel; before it exits, it waits, and sees the reset."""
    with listening(receives=4096) as server:
        program = pync("--send-only", "127.0.0.1", server.port)
        peer = server.accepts()
        program.write(bytes(200_000))
        program.end_input()
        assert stays(program, 0.5)
        peer.resets()
        assert program.ends(1).endswith(b": connection reset by peer\n")


def test_peer_is_killed(pync: Start) -> None:
    """kill -9: the kernel closes the connection, which is a normal end."""
    listener = pync("-lv", "127.0.0.1", "0")
    caller = pync("127.0.0.1", heard_port(listener))
    caller.write(b"x")
    assert listener.read(1) == b"x"
    listener.process.kill()
    assert caller.rest() == b""
    caller.end_input()
    caller.ends(0)
