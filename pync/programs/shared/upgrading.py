"""WebSockets between securing and talking: handshakes, and the events about them.

This module is imported only when a WebSocket is used.
"""

from __future__ import annotations

from ...core.address import Address
from ...core.errors import UsageError
from ...core.events import Report, Upgraded, WebsocketClosed
from ...transports.conn import Conn, StreamConn
from ...transports.tls.handshake import Securing
from ...transports.websocket import Upgrade, Upgrading, WebSocketConn, upgrade_now

__all__ = ["begin_upgrade", "report_upgrade", "upgrade"]


def upgrade(conn: Conn, how: Upgrade, address: Address) -> WebSocketConn:
    """Return a client's connection as a WebSocket, which owns ``conn``.

    Raises WebSocketError, UsageError.

    Arguments:
        address: the address, as the user gave it.
    """
    return upgrade_now(conn, how, address)


def begin_upgrade(conn: Conn, how: Upgrade, securing: Securing | None) -> Upgrading:
    """Return the handshakes with an accepted connection, to run step by step. Owns ``conn``.

    Raises UsageError, with ``conn`` closed.
    """
    if not isinstance(conn, StreamConn):
        conn.close()
        raise UsageError("a WebSocket needs a stream, not datagrams")
    return Upgrading(conn, how, securing)


def report_upgrade(conn: Conn, report: Report) -> None:
    """Report the result of the handshake, and later the close."""
    assert isinstance(conn, WebSocketConn)
    agreed, peer = conn.agreed, conn.peer
    report(Upgraded(peer, agreed.target, agreed.subprotocol, agreed.deflate))
    conn.told = lambda code, reason: report(WebsocketClosed(peer, code, reason))
