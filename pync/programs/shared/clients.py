"""The clients of a server that serves them side by side in one loop, each with a session."""

from __future__ import annotations

from collections.abc import Callable

from ...core.events import Report
from ...core.server_events import Accepted, Failed
from ...core.typed import TYPE_CHECKING, Generic, Protocol, TypeVar
from ...engine.boundary import Boundary, as_failure
from ...engine.loop import Loop, Scheduler
from ...engine.protocols import break_off
from ...transports.conn import Conn
from ...transports.listener import Listener
from .acceptor import Acceptor
from .listening import ListenSetup

if TYPE_CHECKING:
    from typing import Any


class Session(Protocol):
    """The session of one client."""

    def start(self) -> None:
        """Start to serve the client."""

    def close(self) -> None:
        """Close all connections without calling a callback. Idempotent."""

    def break_off(self) -> None:
        """End all connections by RST."""


One = TypeVar("One", bound=Session)

if TYPE_CHECKING:
    #: Makes the session of a client from its Boundary of the loop, its connection, and a callback
    #: that is called with the session at its end.
    Make = Callable[[Scheduler, Conn, Callable[[Any], None]], One]


class Clients(Generic[One]):
    """The clients of a listener.

    Arguments:
        loop: the loop of all sessions.
        setup: which clients to accept.
        listener: accepts their connections.
        report: called with events about clients.
        make: makes a client's session.
        tells: whether to report each client.
    """

    def __init__(
        self,
        loop: Loop,
        setup: ListenSetup,
        listener: Listener,
        report: Report,
        make: Make[One],
        *,
        tells: bool = True,
    ) -> None:
        self._loop = loop
        self._report = report
        self._make = make
        self._tells = tells
        #: The options of the listener, for another one that may replace it.
        self.options = setup.options
        self.listener = listener
        #: The sessions, and the Boundary of each.
        self.sessions: dict[One, Boundary] = {}
        self._acceptor = Acceptor(loop, setup, listener, report, self._enter)

    def open(self) -> None:
        """Start to accept clients."""
        self._acceptor.open()

    def refuse(self) -> None:
        """Close the listener: the system refuses new clients."""
        self._acceptor.close()
        self.listener.close()

    def last_call(self) -> None:
        """Accept the clients that wait, then close the listener: others are refused at once."""
        self._acceptor.last_call()
        self.listener.close()

    def come_by(self, listener: Listener) -> None:
        """Accept clients from another listener; the first one is closed."""
        self.listener = listener
        self._acceptor.come_by(listener)

    def shut(self) -> None:
        """Accept no more clients; idempotent."""
        self._acceptor.close()

    def close(self) -> None:
        """Close all sessions, and accept no more clients."""
        self.shut()
        for session in list(self.sessions):
            session.close()

    def break_off(self) -> None:
        """End all sessions by RST, so that no peer takes the end for EOF."""
        self.shut()
        for session in list(self.sessions):
            session.break_off()

    def _enter(self, conn: Conn) -> None:
        if self._tells:
            self._report(Accepted(conn.peer, handshake=conn.times.in_milliseconds().handshake))

        def failed(error: Exception) -> None:
            self._report(Failed(as_failure(error, conn.peer)))
            self._acceptor.left()
            for session in entered:
                self.sessions.pop(session, None)
                session.break_off()
            break_off(conn)

        entered: list[One] = []
        boundary = Boundary(self._loop, failed)
        with boundary:
            session = self._make(boundary, conn, self._left)
            entered.append(session)
            self.sessions[session] = boundary
            session.start()

    def _left(self, session: One) -> None:
        self.sessions.pop(session).leave()
        self._acceptor.left()
