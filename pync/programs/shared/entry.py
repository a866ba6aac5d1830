"""What is done with a new connection before anybody talks over it.

A client dials, then secures the connection. A listener sees whether the peer may come at all, then
secures the connection; not a byte is read before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from ...core.events import PeerProcess, Report
from ...transports.conn import Conn

if TYPE_CHECKING:
    from ...transports.tls.handshake import Security


class Entry(NamedTuple):
    """What is done with a new connection before anybody talks over it.

    ``tls``: how it is secured; None: not at all. ``telnet``: its TELNET commands are answered
    (-t). ``details``: the peer's process and certificate are reported.
    """

    tls: Security | None = None
    telnet: bool = False
    details: bool = False


def welcome(conn: Conn, entry: Entry | None, report: Report) -> Conn:
    """Return a connection, in plain or its handshake done, ready to talk over."""
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
