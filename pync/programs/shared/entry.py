"""Preparing a new connection before it is used.

A client dials, then secures the connection. A listener first checks whether the peer is allowed,
then secures the connection; no byte is read before the check.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from ...core.events import PeerProcess, Report
from ...transports.conn import Conn

if TYPE_CHECKING:
    from ...transports.tls.handshake import Security


class Entry(NamedTuple):
    """How a new connection is prepared before it is used.

    ``tls``: how it is secured; None: not at all. ``telnet``: answer its TELNET commands (-t).
    ``details``: report the peer's process and certificate.
    """

    tls: Security | None = None
    telnet: bool = False
    details: bool = False


def welcome(conn: Conn, entry: Entry | None, report: Report) -> Conn:
    """Return a connection that is ready to use; its TLS handshake, if any, is done already."""
    if entry is None:
        return conn
    if entry.tls is not None:
        from .securing import report_on

        report_on(conn, report, details=entry.details)
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
