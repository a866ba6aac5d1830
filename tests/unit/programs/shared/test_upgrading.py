"""WebSockets between securing and talking; tests/e2e/test_websocket.py tests handshakes."""

from __future__ import annotations

import socket

import pytest

from pync.core.address import Address
from pync.core.errors import UsageError
from pync.core.events import Event
from pync.core.server_events import Upgraded, WebsocketClosed
from pync.transports.conn import Conn

pytest.importorskip("wsproto", reason="wsproto is not installed")

from wsproto.utilities import generate_accept_token

from pync.engine.loop import Loop
from pync.layers.websocket import Framing
from pync.layers.websocket_handshake import Offer, Wish
from pync.programs.shared.upgrading import begin_upgrade, dialling, report_upgrade, upgrade
from pync.transports.memory import pair as memory_pair
from pync.transports.websocket import Upgrade, WebSocketConn

from ...transports.test_websocket import pair

HERE, THERE = Address("udp", "127.0.0.1", "1"), Address("udp", "127.0.0.1", "2")


def test_datagram_connection_is_rejected() -> None:
    conn = Conn(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), HERE, THERE)
    with pytest.raises(UsageError, match="needs a stream"):
        begin_upgrade(conn, Upgrade(Offer(), Framing()), None)
    assert conn.fileno() == -1
    with pytest.raises(UsageError, match="needs a stream"):
        upgrade(conn, Upgrade(Wish("host"), Framing()), THERE)


def test_report_upgrade() -> None:
    events: list[Event] = []
    client, server = pair(Wish("host", "/x", subprotocols=("b",)), Offer(subprotocols=("a", "b")))
    with client, server:
        report_upgrade(client, events.append)
        server.send_eof()
        assert client.recv() == b""
    assert events == [
        Upgraded(client.peer, "/x", "b", False),
        WebsocketClosed(client.peer, 1000, ""),
    ]


def dialled(says: bytes) -> tuple[list[object], list[Event]]:
    """Run a handshake with a server that sends this; return its results and the events."""
    ours, theirs = memory_pair()
    over: list[object] = []
    events: list[Event] = []
    where = Address("ws", "host", "80", "/x")
    how = Upgrade(Wish("host", "/x"), Framing(), timeout=10)
    with Loop() as loop, theirs:
        run = dialling(loop, ours, how, where, events.append, over.append)
        run.start()
        head = theirs.recv_until(b"\r\n\r\n")
        key = head.split(b"Sec-WebSocket-Key: ")[1].split(b"\r\n")[0]
        theirs.send_all(says.replace(b"TOKEN", generate_accept_token(key)))
        theirs.send_eof()
        loop.run_while(lambda: not over)
    return over, events


def test_handshake_in_a_loop() -> None:
    accepted = (
        b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
        b"Sec-WebSocket-Accept: TOKEN\r\n\r\n"
    )
    (conn,), events = dialled(accepted)
    assert isinstance(conn, WebSocketConn)
    assert events == [Upgraded(conn.peer, "/x", "", False)]
    conn.close()
    (error,), events = dialled(b"HTTP/1.1 404 x\r\n\r\n")
    assert str(error) == "dial ws://host:80/x: the server answered 404 x"
    assert events == []
