"""The clients of a server that serves them side by side in one loop, each by a session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from ...core.events import Accepted, Failed, Report
from ...engine.boundary import Boundary, as_failure
from ...engine.loop import Loop, Scheduler
from ...engine.protocols import break_off
from ...transports.conn import Conn
from ...transports.listener import Listener
from .acceptor import Acceptor
from .listening import ListenSetup


class Session(Protocol):
    """One client, while it is inside."""

    def start(self) -> None:
        """Begin to serve."""
        ...

    def close(self) -> None:
        """Close everything; no callback is called. Idempotent."""
        ...

    def break_off(self) -> None:
        """Let go of everything by RST."""
        ...


One = TypeVar("One", bound=Session)

#: Makes the session of a client: its part of the loop, its connection, and what is to be called
#: with the session when it is over.
Make = Callable[[Scheduler, Conn, Callable[[Any], None]], One]


class Clients(Generic[One]):
    """Who is inside.

    Arguments:
        loop: carries them all.
        setup: whom to let in.
        listener: where they come from.
        report: called with events about clients.
        make: makes a client's session.
        tells: whether each client is reported.
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
        #: How the listener was made, which may be replaced by another.
        self.options = setup.options
        self.listener = listener
        self.sessions: set[One] = set()
        self._acceptor = Acceptor(loop, setup, listener, report, self._enter)

    def open(self) -> None:
        """Let clients come."""
        self._acceptor.open()

    def refuse(self) -> None:
        """Close the listener: clients that come are refused."""
        self._acceptor.close()
        self.listener.close()

    def last_call(self) -> None:
        """Let in those who wait already, then close the listener: others are refused at once."""
        self._acceptor.last_call()
        self.listener.close()

    def come_by(self, listener: Listener) -> None:
        """Let clients come by another listener, now that the first one is closed."""
        self.listener = listener
        self._acceptor.come_by(listener)

    def shut(self) -> None:
        """Let nobody in any more; idempotent."""
        self._acceptor.close()

    def close(self) -> None:
        """Let go of everybody."""
        self.shut()
        for session in list(self.sessions):
            session.close()

    def break_off(self) -> None:
        """Let go of everybody by RST: nobody must take what came for all there was."""
        self.shut()
        for session in list(self.sessions):
            session.break_off()

    def _enter(self, conn: Conn) -> None:
        if self._tells:
            self._report(Accepted(conn.peer))

        def failed(error: Exception) -> None:
            self._report(Failed(as_failure(error, conn.peer)))
            self.sessions.difference_update(entered)
            self._acceptor.left()
            for session in entered:
                session.break_off()
            break_off(conn)

        entered: list[One] = []
        boundary = Boundary(self._loop, failed)
        with boundary:
            entered.append(self._make(boundary, conn, self._left))
            self.sessions.update(entered)
            entered[0].start()

    def _left(self, session: One) -> None:
        self.sessions.remove(session)
        self._acceptor.left()
