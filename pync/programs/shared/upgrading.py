"""WebSockets between "secure" and "talk": handshakes, and the events about them.

It is imported when a WebSocket is asked for, and not before.
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
    """A client's connection as a WebSocket. Owns ``conn``. Raises WebSocketError, UsageError.

    Arguments:
        address: as it was asked for.
    """
    return upgrade_now(conn, how, address)


def begin_upgrade(conn: Conn, how: Upgrade, securing: Securing | None) -> Upgrading:
    """The handshakes with an accepted connection, to be taken step by step. Owns ``conn``.

    Raises UsageError, with ``conn`` closed.
    """
    if not isinstance(conn, StreamConn):
        conn.close()
        raise UsageError("a WebSocket needs a stream, not datagrams")
    return Upgrading(conn, how, securing)


def report_upgrade(conn: Conn, report: Report) -> None:
    """Report what was agreed upon, and later the close."""
    assert isinstance(conn, WebSocketConn)
    agreed, peer = conn.agreed, conn.peer
    report(Upgraded(peer, agreed.target, agreed.subprotocol, agreed.deflate))
    conn.told = lambda code, reason: report(WebsocketClosed(peer, code, reason))
