"""WebSockets between secure and talk; handshakes are in tests/e2e/test_websocket.py."""

from __future__ import annotations

import socket

import pytest

from pync.core.address import Address
from pync.core.errors import UsageError
from pync.core.events import Event, Upgraded, WebsocketClosed
from pync.transports.conn import Conn

pytest.importorskip("wsproto", reason="wsproto is not installed")

from pync.layers.websocket import Framing
from pync.layers.websocket_handshake import Offer, Wish
from pync.programs.shared.upgrading import begin_upgrade, report_upgrade, upgrade
from pync.transports.websocket import Upgrade

from ...transports.test_websocket import pair

HERE, THERE = Address("udp", "127.0.0.1", "1"), Address("udp", "127.0.0.1", "2")


def test_datagrams_are_no_stream() -> None:
    conn = Conn(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), HERE, THERE)
    with pytest.raises(UsageError, match="needs a stream"):
        begin_upgrade(conn, Upgrade(Offer(), Framing()), None)
    assert conn.fileno() == -1
    with pytest.raises(UsageError, match="needs a stream"):
        upgrade(conn, Upgrade(Wish("host"), Framing()), THERE)


def test_what_is_reported() -> None:
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
