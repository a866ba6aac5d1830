"""Handshakes of accepted clients (TLS, DTLS, WebSocket), side by side in the loop.

Each handshake continues when its client has sent bytes, so a client that stops in the middle does
not delay others; it is closed when its time is over. (transports/tls/accept.py does the same
without a loop.)
"""

from __future__ import annotations

from collections.abc import Callable

from ...core.events import Report
from ...core.server_events import Failed
from ...core.typed import TYPE_CHECKING, NamedTuple
from ...engine.boundary import as_failure, ends_program
from ...engine.loop import Loop, Timer
from ...transports.conn import Conn
from .entry import Entry, welcome

if TYPE_CHECKING:
    from ...transports.tls.accept import Steps


class _Waiting(NamedTuple):
    """A handshake in progress; ``again``: when a flight of it is sent again (DTLS)."""

    securing: Steps
    timer: Timer
    again: Timer | None = None


class TlsAcceptor:
    """The TLS handshakes of accepted connections.

    Arguments:
        loop: watches the connections.
        entry: how each is prepared.
        entered: called with each connection that is ready to use.
    """

    def __init__(
        self, loop: Loop, entry: Entry | None, report: Report, entered: Callable[[Conn], None]
    ) -> None:
        self._loop = loop
        self._entry = entry
        self._report = report
        self._entered = entered
        self._waiting: dict[Conn, _Waiting] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self, conn: Conn) -> None:
        """Prepare a connection, then call ``entered``: at once, or after the handshake."""
        try:
            if self._entry is None or not self._entry.shakes:
                self._entered(welcome(conn, self._entry, self._report))
                return
            securing = self._entry.begin(conn)
        except Exception as error:  # noqa: BLE001 - it ends this client only
            self._give_up(conn, error)
            return
        timer = self._loop.call_later(self._entry.patience, lambda: self._forget(conn))
        self._waiting[conn] = _Waiting(securing, timer)
        conn.settimeout(0)
        self._go_on(conn)

    def close(self) -> None:
        """Close the connections whose handshake is not over; idempotent."""
        for conn in list(self._waiting):
            self._drop(conn)
            conn.close()

    def _go_on(self, conn: Conn) -> None:
        """Continue the handshake of a connection until it has to wait."""
        securing = self._waiting[conn].securing
        descriptor = conn.fileno()
        try:
            secured = securing.step()
        except BlockingIOError:
            step = self._step_of(conn)
            self._wake_at(conn, step)
            self._loop.watch_reader(descriptor, None if securing.writes else step)
            self._loop.watch_writer(descriptor, step if securing.writes else None)
            return
        except Exception as error:  # noqa: BLE001 - it ends this client only
            self._drop(conn, descriptor)
            self._give_up(conn, error)
            return
        self._drop(conn, descriptor)
        try:
            secured.settimeout(None)
            self._entered(welcome(secured, self._entry, self._report))
        except Exception as error:  # noqa: BLE001 - it ends this client only
            self._give_up(conn, error)

    def _wake_at(self, conn: Conn, step: Callable[[], None]) -> None:
        """Take the next step at its time, even if nothing has been received."""
        waiting = self._waiting[conn]
        if waiting.again is not None:
            waiting.again.cancel()
        seconds = waiting.securing.seconds
        again = None if seconds is None else self._loop.call_later(seconds, step)
        self._waiting[conn] = waiting._replace(again=again)

    def _give_up(self, conn: Conn, error: Exception) -> None:
        """Close one client and report the error; raise an error that ends the program."""
        conn.close()
        if ends_program(error):
            raise error
        self._report(Failed(as_failure(error, conn.peer)))

    def _step_of(self, conn: Conn) -> Callable[[], None]:
        return lambda: self._go_on(conn)

    def _forget(self, conn: Conn) -> None:
        late = self._waiting[conn].securing.late()
        self._drop(conn)
        conn.close()
        self._report(Failed(late))

    def _drop(self, conn: Conn, descriptor: int | None = None) -> None:
        waiting = self._waiting.pop(conn)
        waiting.timer.cancel()
        if waiting.again is not None:
            waiting.again.cancel()
        # (A closed connection does not know its descriptor any more.)
        number = conn.fileno() if descriptor is None else descriptor
        self._loop.watch_reader(number, None)
        self._loop.watch_writer(number, None)
