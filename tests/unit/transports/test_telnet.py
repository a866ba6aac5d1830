"""``-t``: TELNET options are refused and removed from the output."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from pync.core.address import Address
from pync.transports.conn import Conn, StreamConn, TcpConn
from pync.transports.telnet import LARGEST_READ, MOST_ANSWERS, READ, TelnetConn

from ...peer import Peer, connected, listening
from ...systems import only_posix

NOWHERE = Address("unix", path="@x")


@pytest.fixture
def ends() -> Iterator[tuple[TelnetConn, Peer]]:
    ours, theirs = socket.socketpair()
    with TelnetConn(StreamConn(ours, NOWHERE, NOWHERE)) as conn, theirs:
        conn.settimeout(0)
        yield conn, Peer(theirs)


def test_options_are_refused_and_removed(ends: tuple[TelnetConn, Peer]) -> None:
    conn, peer = ends
    peer.says(b"a\xff\xfd\x01b\xff")
    assert conn.recv(99) == b"ab"
    peer.says(b"\xfb\x03c\r\0\xff\xff")
    assert conn.recv(99) == b"c\r\0\xff"
    peer.hears(b"\xff\xfc\x01\xff\xfe\x03")
    conn.send(b"\xffraw\n")
    peer.hears(b"\xffraw\n")
    conn.send_eof()
    peer.hears_end()
    peer.half_closes()
    assert conn.recv(99) == b""


def test_command_without_data_is_not_eof(ends: tuple[TelnetConn, Peer]) -> None:
    conn, peer = ends
    peer.says(b"\xff\xf1")
    with pytest.raises(BlockingIOError):
        conn.recv(99)
    conn.settimeout(None)
    peer.says(b"\xff\xf1")
    peer.says(b"x")
    assert conn.recv(1) == b"x"
    assert conn.gettimeout() is None


@only_posix
def test_answers_to_a_peer_that_does_not_read_are_bounded(
    ends: tuple[TelnetConn, Peer],
) -> None:
    conn, peer = ends
    for _ in range(100):
        peer.says(b"\xff\xfd\x01" * (READ // 3))
        with pytest.raises(BlockingIOError):
            conn.recv(1 << 20)
        assert len(conn._answers) <= MOST_ANSWERS
    assert conn._answers
    with pytest.raises(BlockingIOError):
        conn.send(b"x")


def test_endless_commands_do_not_block_a_read(ends: tuple[TelnetConn, Peer]) -> None:
    conn, peer = ends
    peer.says(b"\xff\xf1" * READ + b"text")
    for _ in range(2):
        with pytest.raises(BlockingIOError):
            conn.recv(1 << 20)
    assert conn.recv(1 << 20) == b"text"


class Scripted(StreamConn):
    """A connection that returns scripted data and records the requested sizes."""

    gives: list[bytes]
    asked: list[int]

    def _recv(self, size: int) -> bytes:
        self.asked.append(size)
        return self.gives.pop(0)


def test_read_size_grows_while_there_are_no_commands() -> None:
    ours, theirs = socket.socketpair()
    under = Scripted(ours, NOWHERE, NOWHERE)
    under.gives, under.asked = [b"x"] * 6 + [b"\xff\xf1y", b"x"], []
    with theirs, TelnetConn(under) as conn:
        for _ in range(8):
            conn.recv(1 << 20)
        assert under.asked == [READ << turn for turn in range(5)] + [LARGEST_READ] * 2 + [READ]
        under.gives = [b"x"]
        conn.recv(10)
        assert under.asked[-1] == 10


def test_capabilities_of_the_connection_below() -> None:
    ours, theirs = socket.socketpair()
    with theirs, TelnetConn(Conn(ours, NOWHERE, NOWHERE)) as conn:
        assert not hasattr(conn, "send_eof")
        assert conn.layered


def test_urgent_data_is_received_in_line() -> None:
    with listening() as server, connected(int(server.port)) as client:
        peer = server.accepts()
        address = Address("tcp", "127.0.0.1", server.port)
        conn = TelnetConn(TcpConn(client.sock.dup(), address, address))
        peer.says(b"a\xff")
        peer.sock.send(b"\xf2", socket.MSG_OOB)
        peer.says(b"b")
        peer.half_closes()
        got = b""
        while piece := conn.recv(99):
            got += piece
        conn.close()
        assert got == b"ab"
