"""Clients named by a PROXY protocol header, which a proxy in front of pync sends.

The header is read before anything else, also before TLS. The access lists apply to the client that
it names; the listener's own ``admits`` says which proxies may send one.
"""

from __future__ import annotations

from collections.abc import Callable

from ...core.address import Address
from ...core.deadline import Deadline
from ...core.errors import RelayError, cause_of
from ...core.events import Report
from ...core.server_events import Failed
from ...engine.boundary import Boundary, as_failure
from ...engine.handshake import HandshakeRun
from ...engine.loop import Loop
from ...layers.handshake import HandshakeError
from ...layers.proxy_header import Named, receive
from ...transports.conn import Conn

#: Seconds in which a header must arrive; the same as for a TLS handshake.
TIMEOUT = 10.0


class Announced:
    """The filter of the clients that headers name.

    Arguments:
        admits: returns whether a named client is accepted; it reports one that is not.
    """

    def __init__(self, admits: Callable[[Address], bool]) -> None:
        self.admits = admits

    def name(self, conn: Conn, named: Named) -> bool:
        """Set a connection's addresses from its header; return whether it is accepted."""
        if named.peer is not None and named.local is not None:
            conn.peer, conn.local = named.peer, named.local
        return self.admits(conn.peer)


def read_header(conn: Conn, announced: Announced) -> bool:
    """Read the header of a blocking connection; return whether it is accepted.

    Raises RelayError.
    """
    from ...transports.tunnel import negotiate

    try:
        return announced.name(conn, negotiate(conn, receive(), Deadline(TIMEOUT)))
    except (HandshakeError, OSError) as error:
        raise _failure(conn, error) from None


class HeaderReader:
    """The reader of the headers of accepted connections, side by side in the loop.

    Arguments:
        loop: watches the connections.
        announced: the filter of named clients.
        report: called with the failure when a header cannot be read.
        entered: called with each connection that is accepted.
    """

    def __init__(
        self,
        loop: Loop,
        announced: Announced,
        report: Report,
        entered: Callable[[Conn], None],
    ) -> None:
        self._loop = loop
        self._announced = announced
        self._report = report
        self._entered = entered
        self._waiting: dict[Conn, HandshakeRun[Named]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self, conn: Conn) -> None:
        """Read a connection's header, then call ``entered``."""

        def failed(error: Exception) -> None:
            self._waiting.pop(conn, None)
            conn.close()
            self._report(Failed(as_failure(error, conn.peer)))

        with Boundary(self._loop, failed) as boundary:
            run = HandshakeRun(
                boundary, conn, receive(), TIMEOUT, lambda run: self._finished(conn, run)
            )
            self._waiting[conn] = run
            run.start()

    def close(self) -> None:
        """Close all connections whose header is not complete; idempotent."""
        for conn, run in self._waiting.items():
            run.stop()
            conn.close()
        self._waiting.clear()

    def _finished(self, conn: Conn, run: HandshakeRun[Named]) -> None:
        del self._waiting[conn]
        if run.failure is not None:
            conn.close()
            self._report(Failed(_failure(conn, run.failure)))
            return
        conn.settimeout(None)
        if self._announced.name(conn, run.result):
            self._entered(conn)
        else:
            conn.close()


def _failure(conn: Conn, error: HandshakeError | OSError) -> RelayError:
    cause = cause_of(error) if isinstance(error, OSError) else str(error)
    return RelayError("accept", conn.peer, cause)
