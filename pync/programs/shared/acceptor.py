"""Accepting the clients of a listener that are served side by side, in a shared loop.

Clients are accepted up to --max-conns, after the TLS handshake where there is one. Accepting ends
when no client has connected for --accept-timeout. It pauses when descriptors run out.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable

from ...core.errors import ListenError
from ...core.events import Report
from ...core.server_events import Denied
from ...core.typed import TYPE_CHECKING
from ...engine.loop import Loop, Timer
from ...transports.conn import Conn
from ...transports.listener import Listener
from ...transports.tcp_listener import BACKLOG
from .listening import ListenSetup
from .tls_accept import TlsAcceptor

if TYPE_CHECKING:
    from .announced import HeaderReader

#: Seconds before accepting again when descriptors have run out.
EXHAUSTED_PAUSE = 0.1

#: Seconds before accepting again at the limit of clients, when one of them is about to leave.
FULL_PAUSE = 0.01

#: Connections accepted in one round, so that the other clients are served in between.
AT_ONCE = 64

#: Errors of accept that are over when there are free descriptors or memory again.
EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


def allow_many_descriptors() -> None:
    """Raise the limit of open descriptors to the system's maximum; the usual 1,024 are few.

    It is not for programs that start others, which would inherit the limit: some programs close
    every possible descriptor, one by one.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # On macOS the loop uses select(2), which fails for larger descriptors.
    most = min(hard, 1024) if sys.platform == "darwin" else hard
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    except (OSError, ValueError):
        pass  # macOS refuses "unlimited": the limit stays as it was


class Acceptor:
    """The acceptor of a listener's clients.

    Arguments:
        loop: watches the listener.
        setup: which clients to accept, and how each is prepared.
        entered: called with each connection that is ready to use; the caller calls ``left`` at
            its end.
        at_once: connections accepted in one round.
        clearing: called at the limit of clients; returns whether one is about to leave. Then the
            next client is not refused, but waits for a moment.
    """

    def __init__(
        self,
        loop: Loop,
        setup: ListenSetup,
        listener: Listener,
        report: Report,
        entered: Callable[[Conn], None],
        at_once: int = AT_ONCE,
        clearing: Callable[[], bool] = lambda: False,
    ) -> None:
        self._at_once = at_once
        self._clearing = clearing
        self._loop = loop
        self._setup = setup
        self._listener = listener
        self._report = report
        self._entered = entered
        self._inside = 0
        #: The round of the loop in which a client was accepted last.
        self._accepted_in = -1
        self._place = setup.place
        self._waiting: Timer | None = None
        self._tls_acceptor = TlsAcceptor(loop, setup.entry, report, self._enter)
        self._headers: HeaderReader | None = None
        if setup.announced is not None:
            from .announced import HeaderReader

            take = self._tls_acceptor.take
            self._headers = HeaderReader(loop, setup.announced, report, take)

    def open(self) -> None:
        """Start to accept. The loop raises ListenError if no client comes in time."""
        if self._place is not None:
            self._place.attend(self._loop)
        for descriptor in self._listener.read_fds():
            self._loop.watch_reader(descriptor, self._accept)
        self._await_somebody()

    def come_by(self, listener: Listener) -> None:
        """Accept from another listener; the first one, and this acceptor, are closed."""
        self._listener = listener
        self.open()

    def left(self) -> None:
        """Count a client as gone."""
        self._count(-1)
        self._await_somebody()

    def _count(self, change: int) -> None:
        self._inside += change
        if self._place is not None:
            self._place.has(self._inside)

    def last_call(self) -> None:
        """Accept the clients that wait in the listener's queue, and no more."""
        for _ in range(0, BACKLOG, self._at_once):
            self._accept_queue(self._at_once)
        self.close()

    def close(self) -> None:
        """Accept no more clients; idempotent."""
        self._shut()
        self._tls_acceptor.close()
        if self._headers is not None:
            self._headers.close()

    def _shut(self) -> None:
        for descriptor in self._listener.read_fds():
            if descriptor >= 0:
                self._loop.watch_reader(descriptor, None)
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _await_somebody(self) -> None:
        seconds = self._setup.accept_timeout
        if seconds is not None and not self._inside and self._waiting is None:
            self._waiting = self._loop.call_later(seconds, self._nobody_came)

    def _nobody_came(self) -> None:
        raise ListenError("accept", self._listener.address, "timed out")

    def _accept(self) -> None:
        # In most cases one client waits, and asking for another one costs a system call that fails.
        # If one was accepted in the round before, there is probably a queue.
        queue = self._listener.has_queue or self._loop.rounds == self._accepted_in + 1
        self._accepted_in = self._loop.rounds
        self._accept_queue(self._at_once if queue else 1)

    def _accept_queue(self, most: int) -> None:
        for _ in range(most):
            if self._is_full() and self._clearing():
                self._pause(FULL_PAUSE)
                return
            try:
                conn = self._listener.take_nowait()
            except OSError as error:
                if error.errno not in EXHAUSTED:
                    raise
                # To try again at once would only use up the processor.
                self._pause(EXHAUSTED_PAUSE)
                return
            if conn is None:
                return
            self._admit(conn)

    def _pause(self, seconds: float) -> None:
        self._shut()
        self._loop.call_later(seconds, self.open)

    def _is_full(self) -> bool:
        most = self._setup.max_conns
        if most is None:
            return False
        inside = self._inside + len(self._tls_acceptor) + len(self._headers or ())
        return inside + (0 if self._place is None else self._place.elsewhere) >= most

    def _admit(self, conn: Conn) -> None:
        if self._is_full():
            conn.close()
            cause = f"connection limit reached ({self._setup.max_conns})"
            self._report(Denied(conn.peer, cause))
            return
        (self._tls_acceptor if self._headers is None else self._headers).take(conn)

    def _enter(self, conn: Conn) -> None:
        self._count(1)
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        self._entered(conn)
