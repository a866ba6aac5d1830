"""Preparing a new connection before it is used.

A client dials, then secures the connection, then opens the WebSocket. A listener first checks
whether the peer is allowed, then does the same; no byte is read before the check.
"""

from __future__ import annotations

from collections.abc import Callable

from ...core.address import Address
from ...core.events import Report
from ...core.server_events import PeerProcess
from ...core.typed import TYPE_CHECKING, NamedTuple
from ...transports.conn import Conn

if TYPE_CHECKING:
    from ...transports.tls.accept import Steps
    from ...transports.tls.handshake import Security
    from ...transports.websocket import Upgrade


class Entry(NamedTuple):
    """How a new connection is prepared before it is used.

    ``tls``: how it is secured; None: not at all. ``telnet``: answer its TELNET commands (-t).
    ``details``: report the peer's process and certificate. ``upgrade``: how it becomes a WebSocket;
    None: not at all. ``at``: the WebSocket's address, as the user gave it.
    """

    tls: Security | None = None
    telnet: bool = False
    details: bool = False
    upgrade: Upgrade | None = None
    at: Address | None = None

    @property
    def shakes(self) -> bool:
        """Whether there is a handshake before the connection is used."""
        return self.tls is not None or self.upgrade is not None

    @property
    def patience(self) -> float:
        """The seconds for the handshakes of one client."""
        return sum(one.timeout for one in (self.tls, self.upgrade) if one is not None)

    def begin(self, conn: Conn) -> Steps:
        """Return the handshakes with a client, to run step by step. Owns ``conn``.

        Raises UsageError, with ``conn`` closed.
        """
        if conn.datagram:
            from .dtls_securing import begin as begin_dtls

            return begin_dtls(conn)
        securing = None
        if self.tls is not None:
            from .securing import begin_welcome

            securing = begin_welcome(conn, self.tls)
        if self.upgrade is None:
            assert securing is not None
            return securing
        from .upgrading import begin_upgrade

        return begin_upgrade(conn, self.upgrade, securing)


def welcome(conn: Conn, entry: Entry | None, report: Report) -> Conn:
    """Return a connection that is ready to use; its TLS handshake, if any, is done already."""
    if entry is None:
        return conn
    if entry.tls is not None:
        from .securing import report_on

        inner = conn if entry.upgrade is None else getattr(conn, "inner", conn)
        report_on(inner, report, details=entry.details)
    if entry.upgrade is not None:
        from .upgrading import report_upgrade

        report_upgrade(conn, report)
    if entry.details:
        _identify(conn, report)
    if not entry.telnet:
        return conn
    from ...transports.telnet import TelnetConn

    return TelnetConn(conn)


def _identify(conn: Conn, report: Report) -> None:
    """Report the peer's process, where the system knows it."""
    asking: Callable[[], int | None] | None = getattr(conn, "peer_process", None)
    process = asking() if asking is not None else None
    if process is not None:
        report(PeerProcess(conn.peer, process))
