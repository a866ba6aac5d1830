"""A connection: the data on the wire, and the mode that the options result in."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

import pytest

from pync.core.events import silent
from pync.engine.loop import Loop
from pync.layers.telnet import NOTHING
from pync.layers.telnet_protocol import DM, IAC
from pync.programs.telnet.console import Console
from pync.programs.telnet.session import Session
from pync.programs.telnet.terminal import NoTerminal
from pync.transports.conn import StreamConn
from pync.transports.memory import pair
from pync.transports.stdio import Stdio

from ....peer import Peer
from .conftest import Play


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        (b"\xff\xfb\x01", b"\xff\xfd\x01"),
        (b"\xff\xfd\x01", b"\xff\xfc\x01"),
        (b"\xff\xfd\x22", b"\xff\xfc\x22"),
        (b"\xff\xfd\x06", b"\xff\xfb\x06"),
        (b"\xff\xfd\x1f", b"\xff\xfb\x1f\xff\xfa\x1f\0\0\0\0\xff\xf0"),
    ],
)
def test_options_are_answered(play: Play, asked: bytes, answered: bytes) -> None:
    def ask(peer: Peer) -> None:
        peer.says(b"a" + asked + b"b\xff\xfd\x63")
        peer.hears(answered + b"\xff\xfc\x63")

    assert play(None, host_does=ask).shown == b"ab"


def test_request_after_our_eof_is_not_answered(play: Play) -> None:
    def ask_late(peer: Peer) -> None:
        peer.hears(b"hello\r\n")
        peer.hears_end()
        peer.says(b"a\xff\xfd\x18b")

    assert play(b"hello\n", host_does=ask_late).shown == b"ab"


def test_urgent_data_inside_a_command(play: Play) -> None:
    def synch(peer: Peer) -> None:
        import socket

        peer.hears(b"hello\r\n")
        peer.says(b"a\xff")
        peer.sock.send(b"\xf2", socket.MSG_OOB)
        peer.says(b"b\xff\xf1c")

    assert play(b"hello\n", host_does=synch).shown == b"abc"


def test_large_data_in_both_directions(play: Play) -> None:
    """A host that echoes, with more data in flight than any buffer holds."""
    text = b"line\r\n" * 300_000

    def echo(peer: Peer) -> None:
        left = len(text)
        while left:
            piece = peer.sock.recv(1 << 16)
            left -= len(piece)
            peer.says(piece)
        peer.hears_end()

    seen = play(text.replace(b"\r", b""), host_does=echo)
    assert seen.shown == text.replace(b"\r", b"")


def test_host_that_sends_endless_requests_and_does_not_read(play: Play) -> None:
    def flood(peer: Peer) -> None:
        peer.offers(b"\xff\xfd\x01" * 3_000_000)
        peer.resets()

    assert play(b"", host_does=flood).status == 0


def test_synch_is_urgent(play: Play) -> None:
    def hear(peer: Peer) -> None:
        import socket

        peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
        assert peer.hears_rest() == b"\xff\xf2x\r\n"

    play(b"\x1dsend synch\nx\n", host_does=hear)


class BusyConn(StreamConn):
    """Would block for the given number of sends, then accepts everything; also urgent data."""

    def __init__(self, conn: StreamConn, ordinary: int, urgent: int) -> None:
        super().__init__(conn.socket, conn.local, conn.peer)
        self.busy = {"ordinary": ordinary, "urgent": urgent}

    def send(self, data: bytes | memoryview) -> int:
        self._take("ordinary")
        return super().send(data)

    def send_urgent(self, data: bytes) -> None:
        self._take("urgent")
        self._sock.send(data)  # in-band, so that its position can be checked

    def _take(self, kind: str) -> None:
        self.busy[kind] -= 1
        if self.busy[kind] >= 0:
            raise BlockingIOError


@pytest.mark.parametrize(("ordinary", "urgent"), [(0, 0), (1, 0), (0, 1), (1, 1), (2, 1)])
def test_synch_is_sent_after_waiting_data(ordinary: int, urgent: int) -> None:
    with ExitStack() as stack:
        loop, stdio = stack.enter_context(Loop()), stack.enter_context(Stdio(None, 1))
        here, there = (stack.enter_context(conn) for conn in pair())
        nobody: Callable[..., None] = lambda *_: None  # noqa: E731
        console = Console(loop, stdio, NoTerminal(), silent, nobody, nobody)
        conn = BusyConn(here, ordinary, urgent)
        session = Session(loop, conn, NOTHING, console, NoTerminal(), nobody, nobody, None)
        session.synch()
        session.type(b"x")
        session.end()
        loop.call_later(0, lambda: None)
        loop.run_while(lambda: not session.fin_is_sent)
        there.settimeout(10)
        heard = b""
        while data := there.recv(99):
            heard += data
        assert heard == bytes((IAC, DM)) + b"x"
