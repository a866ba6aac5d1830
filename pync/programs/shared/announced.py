"""Clients that a PROXY protocol header names: what stands in front of us says who they are.

The header is read before anything else, TLS included. The access lists hold for whom it names; who
may send one at all is the listener's own ``admits``.
"""

from __future__ import annotations

from collections.abc import Callable

from ...core.address import Address
from ...core.deadline import Deadline
from ...core.errors import RelayError, cause_of
from ...core.events import Failed, Report
from ...engine.boundary import Boundary, as_failure
from ...engine.handshake import HandshakeRun
from ...engine.loop import Loop
from ...layers.handshake import HandshakeError
from ...layers.proxy_header import Named, receive
from ...transports.conn import Conn

#: Seconds in which a header must come; as a TLS handshake.
TIMEOUT = 10.0


class Announced:
    """Whom headers may name.

    Arguments:
        admits: whether one that is named may come; it reports one that may not.
    """

    def __init__(self, admits: Callable[[Address], bool]) -> None:
        self.admits = admits

    def name(self, conn: Conn, named: Named) -> bool:
        """Give a connection the names of its header; returns whether it may come."""
        if named.peer is not None and named.local is not None:
            conn.peer, conn.local = named.peer, named.local
        return self.admits(conn.peer)


def read_header(conn: Conn, announced: Announced) -> bool:
    """Read the header of a connection that blocks; returns whether it may come.

    Raises RelayError.
    """
    from ...transports.tunnel import negotiate

    try:
        return announced.name(conn, negotiate(conn, receive(), Deadline(TIMEOUT)))
    except (HandshakeError, OSError) as error:
        raise _failure(conn, error) from None


class HeaderReader:
    """Reads the headers of accepted connections, side by side in the loop.

    Arguments:
        loop: watches them.
        announced: whom they may name.
        report: is told of one whose header cannot be read.
        entered: is given each that may come.
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
        """Let it in when its header has come."""

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
        """Let go of all who wait; idempotent."""
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
