"""Datagram peers, each with its own connection."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from pync.core.address import Address
from pync.transports import listen
from pync.transports.peers import MOST_WAITING, PeerConn, PeerListener, by_peer

HERE = Address("udp", "127.0.0.1", "0")


@pytest.fixture
def listener() -> Iterator[PeerListener]:
    with by_peer(listen(HERE)) as listening:
        yield listening


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as entered:
        yield entered


def peer(stack: ExitStack, listener: PeerListener) -> socket.socket:
    sock = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    sock.connect((listener.address.host, listener.address.port))
    sock.settimeout(10)
    return sock


def take(listener: PeerListener) -> PeerConn | None:
    """Take the last datagram; return a new connection, or None for a known peer."""
    assert select.select(listener.read_fds(), [], [], 10)[0]
    conn = listener.take_nowait()
    assert conn is None or isinstance(conn, PeerConn)
    return conn


def accepted(stack: ExitStack, listener: PeerListener) -> PeerConn:
    conn = take(listener)
    assert conn is not None
    return stack.enter_context(conn)


def test_each_peer_has_its_own_connection(stack: ExitStack, listener: PeerListener) -> None:
    one, other = peer(stack, listener), peer(stack, listener)
    one.send(b"one")
    first = accepted(stack, listener)
    other.send(b"other")
    second = accepted(stack, listener)
    one.send(b"more")
    assert take(listener) is None
    assert [first.recv(100), first.recv(100), second.recv(100)] == [b"one", b"more", b"other"]
    assert (first.peer.port, second.peer.port) == tuple(
        sock.getsockname()[1] for sock in (one, other)
    )
    second.send(b"to the other")
    first.send_all(b"to the one")
    assert (one.recv(100), other.recv(100)) == (b"to the one", b"to the other")


def test_connection_is_readable_while_a_datagram_waits(
    stack: ExitStack, listener: PeerListener
) -> None:
    sock = peer(stack, listener)
    sock.send(b"a")
    conn = accepted(stack, listener)
    for _ in range(2):
        assert select.select(conn.read_fds(), [], [], 0)[0]
        assert conn.recv(1) == b"a"
        assert not select.select(conn.read_fds(), [], [], 0)[0]
        with pytest.raises(BlockingIOError):
            conn.recv(1)
        sock.send(b"a")
        assert take(listener) is None


@pytest.mark.parametrize("way", ["close", "detach"])
def test_closed_peer_that_sends_again_is_a_new_peer(
    stack: ExitStack, listener: PeerListener, way: str
) -> None:
    sock = peer(stack, listener)
    sock.send(b"a")
    first = accepted(stack, listener)
    getattr(first, way)()
    sock.send(b"b")
    second = accepted(stack, listener)
    assert second.recv(1) == b"b"
    first.close()
    sock.send(b"c")
    assert take(listener) is None
    assert second.recv(1) == b"c"


def test_queue_is_bounded(stack: ExitStack, listener: PeerListener) -> None:
    peer(stack, listener).send(b"first")
    conn = accepted(stack, listener)
    for _ in range(2 * MOST_WAITING):
        conn.deliver(b"x")
    conn.deliver(b"")
    assert conn.recv(1) == b"first"
    for _ in range(MOST_WAITING - 1):
        assert conn.recv(1) == b"x"
    with pytest.raises(BlockingIOError):
        conn.recv(1)
