"""WebSockets between securing and talking: handshakes, and the events about them.

This module is imported only when a WebSocket is used.
"""

from __future__ import annotations

from ...core.address import Address
from ...core.errors import PyncError, UsageError
from ...core.events import Report
from ...core.server_events import Upgraded, WebsocketClosed
from ...core.typed import TYPE_CHECKING
from ...engine.handshake import HandshakeRun
from ...engine.loop import Scheduler
from ...transports.conn import Conn, StreamConn
from ...transports.tls.handshake import Securing
from ...transports.upgrading import Upgrading, failure, upgrade_now
from ...transports.websocket import Upgrade, WebSocketConn

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...layers.websocket_handshake import Agreed

__all__ = ["begin_upgrade", "dialling", "report_upgrade", "upgrade"]


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


def dialling(
    loop: Scheduler,
    conn: Conn,
    how: Upgrade,
    address: Address,
    report: Report,
    finished: Callable[[Conn | PyncError], None],
) -> HandshakeRun[Agreed]:
    """Return the handshake of a dialled connection, in a loop that serves others too.

    Arguments:
        conn: the connection, which the handshake then owns.
        address: the address, as the user gave it.
        finished: called with the WebSocket, or with the error and ``conn`` closed.
    """
    assert isinstance(conn, StreamConn)

    def over(run: HandshakeRun[Agreed]) -> None:
        if run.failure is not None:
            conn.close()
            finished(failure("dial", address, run.failure))
            return
        opened = how.finish(conn, run.result)
        report_upgrade(opened, report)
        finished(opened)

    return HandshakeRun(loop, conn, how.begin(), how.timeout, over)
