"""Datagram sockets: from whom they receive and to whom they answer."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from pync.core.address import Address
from pync.engine.protocols import send_eof
from pync.transports.datagram import Arrival, DatagramConn, ListeningConn, receive

NOBODY = Address("udp")


@pytest.fixture
def socks() -> Iterator[list[socket.socket]]:
    opened = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(3)]
    for sock in opened:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(10)
    yield opened
    for sock in opened:
        sock.close()


def listening(socks: list[socket.socket], sender: object, *, many: bool) -> ListeningConn:
    for sock in socks:
        sock.setblocking(False)
    return ListeningConn(socks, NOBODY, NOBODY, Arrival(sender, socks[0]), many=many)


def test_arrival_contains_sender_and_socket(socks: list[socket.socket]) -> None:
    here, there, _ = socks
    there.sendto(b"x", here.getsockname())
    assert receive(here, socket.MSG_PEEK) == receive(here)
    there.sendto(b"x", here.getsockname())
    assert receive(here) == (b"x", Arrival(there.getsockname(), here))


def test_datagrams_of_other_senders_are_dropped(socks: list[socket.socket]) -> None:
    ours, peer, stranger = socks
    conn = listening([ours], peer.getsockname(), many=False)
    for sender, data in ((stranger, b"spam"), (peer, b""), (peer, b"eggs")):
        sender.sendto(data, ours.getsockname())
    conn.settimeout(10)
    assert conn.recv(1) == b"eggs"
    conn.send_all(b"thanks")
    assert peer.recvfrom(100) == (b"thanks", ours.getsockname())


def test_many_peers_are_answered_from_the_receiving_socket(socks: list[socket.socket]) -> None:
    one, two, peer = socks
    conn = listening([one, two], peer.getsockname(), many=True)
    conn.settimeout(10)
    assert conn.read_fds() == (one.fileno(), two.fileno())
    for ours in (two, one, two):
        peer.sendto(b"hello", ours.getsockname())
        assert conn.recv(1) == b"hello"
        conn.send(b"answer")
        assert peer.recvfrom(100) == (b"answer", ours.getsockname())


def test_peer_without_a_name_cannot_be_answered(socks: list[socket.socket]) -> None:
    conn = listening(socks[:1], None, many=True)
    with pytest.raises(OSError, match="no name to send to"):
        conn.send(b"x")


def test_recv_returns_whole_datagrams(socks: list[socket.socket]) -> None:
    here, there, _ = socks
    here.connect(there.getsockname())
    there.connect(here.getsockname())
    conn = DatagramConn(here, NOBODY, NOBODY)
    for data in (b"", b"whole"):
        there.send(data)
    assert conn.recv(1) == b"whole"


def test_receiving_continues_after_send_eof(socks: list[socket.socket]) -> None:
    ours, peer, _ = socks
    ours.connect(peer.getsockname())
    conn = DatagramConn(ours, NOBODY, NOBODY)
    conn.send_all(b"last")
    send_eof(conn)
    assert peer.recvfrom(100) == (b"last", ours.getsockname())
    peer.sendto(b"answer", ours.getsockname())
    assert conn.recv(1) == b"answer"
    with pytest.raises(BrokenPipeError):
        conn.send(b"more")


def test_stop_sending_without_a_connection_does_nothing(socks: list[socket.socket]) -> None:
    DatagramConn(socks[0], NOBODY, NOBODY).stop_sending()
