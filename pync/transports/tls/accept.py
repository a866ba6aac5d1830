"""Accepting connections through TLS, DTLS or WebSocket: all handshakes run side by side.

The client whose handshake ends first is returned next. A client that sends nothing, or stops in
the middle, does not delay others.
"""

from __future__ import annotations

from collections.abc import Callable

from ...core.broken import over_tls
from ...core.deadline import Deadline
from ...core.errors import ListenError, TlsError, cause_of
from ...core.typed import TYPE_CHECKING, NamedTuple, Protocol
from ...waiting.readiness import readable
from ..conn import Conn
from ..listener import Listener
from .handshake import HANDSHAKE_TIMEOUT

#: Handshakes at once; a new one ends the oldest.
AT_ONCE = 64

#: Seconds between two tries of a handshake that waits to write (its peer does not read).
WRITE_AGAIN = 0.05


if TYPE_CHECKING:
    from typing import Any

    from ...waiting.interrupt import Interrupt


class Steps(Protocol):
    """A handshake that is run step by step; see Securing."""

    @property
    def writes(self) -> bool:
        """Whether it waits to write, not to read."""

    @property
    def seconds(self) -> float | None:
        """Seconds until the next step, even if nothing is received; None: wait for the peer."""

    def late(self) -> Exception:
        """Return the error to report when the handshake has taken too long."""

    def step(self) -> Conn:
        """Continue. Raises BlockingIOError when it has to wait, PyncError."""


class _Shaking(NamedTuple):
    """A connection whose handshake is not over."""

    conn: Conn
    securing: Steps
    until: Deadline


class Handshakes:
    """The connections of a listener during their TLS handshakes.

    Arguments:
        listener: accepts connections without TLS.
        begin: starts the handshake with a connection, which it then owns.
        failed: called with the error of each failed handshake, and the peer; the connection is
            closed. It may raise.
        patience: seconds for one handshake.
        interrupt: ends a wait when the listener is closed by another thread.
    """

    def __init__(
        self,
        listener: Listener,
        begin: Callable[[Any], Steps],
        failed: Callable[[Exception, object], None],
        patience: float = HANDSHAKE_TIMEOUT,
        interrupt: Interrupt | None = None,
    ) -> None:
        self._listener = listener
        self._begin = begin
        self._failed = failed
        self._patience = patience
        self._interrupt = interrupt
        self._shaking: dict[int, _Shaking] = {}
        self._secured: list[Conn] = []

    def accept(self, timeout: float | None = None) -> Any:
        """Return the next connection whose handshake is over.

        Arguments:
            timeout: seconds; None waits for ever.
        Raises ListenError when the time is over, and what ``failed`` raises.
        """
        deadline = Deadline(timeout)
        # Handshakes do not advance between two calls, so their time starts again.
        for descriptor, one in self._shaking.items():
            self._shaking[descriptor] = one._replace(until=Deadline(self._patience))
        while not self._secured:
            self._wait(deadline)
        conn = self._secured.pop(0)
        conn.settimeout(None)
        return conn

    def close(self) -> None:
        """Close all connections that accept() has not returned; idempotent."""
        for descriptor in list(self._shaking):
            one = self._shaking.pop(descriptor, None)
            if one is not None:
                one.conn.close()
        secured, self._secured = self._secured, []
        for conn in secured:
            conn.drop()

    def _wait(self, deadline: Deadline) -> None:
        self._listener.check_open()
        shaking = self._shaking.values()
        times = [deadline.remaining, *(one.until.remaining for one in shaking)]
        times += [one.securing.seconds for one in shaking]
        if any(one.securing.writes for one in shaking):
            times.append(WRITE_AGAIN)
        first = min((time for time in times if time is not None), default=None)
        ends = () if self._interrupt is None else (self._interrupt.fileno(),)
        try:
            watched = (*self._listener.read_fds(), *self._shaking, *ends)
            ready = readable(watched, Deadline(first))
        except (OSError, ValueError):
            self._listener.check_open()
            raise
        self._listener.check_open()
        for descriptor, one in list(self._shaking.items()):
            if descriptor in ready or one.securing.writes or one.securing.seconds == 0:
                self._step(descriptor, one)
            elif one.until.passed:
                self._drop(descriptor, one.securing.late())
        if not set(ready).isdisjoint(self._listener.read_fds()):
            self._take()
        if deadline.passed and not self._secured:
            raise ListenError("accept", self._listener.address, "timed out")

    def _take(self) -> None:
        try:
            conn = self._listener.take_nowait()
        except OSError as error:
            raise ListenError("accept", self._listener.address, cause_of(error)) from None
        if conn is None:
            return
        if len(self._shaking) >= AT_ONCE:
            oldest, shaking = next(iter(self._shaking.items()))
            where = over_tls(shaking.conn.peer)
            self._drop(oldest, TlsError("accept", where, "too many handshakes at once"))
        conn.settimeout(0)
        securing = self._begin(conn)
        one = _Shaking(conn, securing, Deadline(self._patience))
        self._shaking[conn.fileno()] = one
        self._step(conn.fileno(), one)

    def _step(self, descriptor: int, one: _Shaking) -> None:
        try:
            secured = one.securing.step()
        except BlockingIOError:
            return
        except Exception as error:  # noqa: BLE001 - any error that a client's bytes can cause
            del self._shaking[descriptor]
            self._failed(error, one.conn.peer)
            return
        del self._shaking[descriptor]
        self._secured.append(secured)

    def _drop(self, descriptor: int, error: Exception) -> None:
        conn = self._shaking.pop(descriptor).conn
        conn.close()
        self._failed(error, conn.peer)
