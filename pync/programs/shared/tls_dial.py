"""The TLS or DTLS handshake of a dialled connection, in a loop that serves others too.

(transports/tls/handshake.py and transports/dtls/handshake.py have blocking ones, for a client that
has nothing else to do.)
"""

from __future__ import annotations

from collections.abc import Callable

from ...core.errors import PyncError
from ...core.typed import TYPE_CHECKING
from ...engine.loop import Scheduler, Timer
from ...transports.conn import Conn

if TYPE_CHECKING:
    from ...transports.tls.accept import Steps


class TlsDial:
    """One handshake.

    Arguments:
        loop: watches the connection.
        conn: the connection, which this object then owns.
        securing: the steps of the handshake with ``conn``.
        seconds: the time limit.
        finished: called once at the end; ``conn`` or ``failure`` is set then.
    """

    def __init__(
        self,
        loop: Scheduler,
        conn: Conn,
        securing: Steps,
        seconds: float,
        finished: Callable[[TlsDial], None],
    ) -> None:
        #: The secured connection. The caller owns it.
        self.conn: Conn | None = None
        self.failure: Exception | None = None
        self._loop = loop
        self._plain = conn
        self._descriptor = conn.fileno()
        self._securing = securing
        self._seconds = seconds
        self._finished = finished
        self._timer: Timer | None = None
        #: When a flight is sent again (DTLS).
        self._again: Timer | None = None

    def start(self) -> None:
        """Start the handshake."""
        self._plain.settimeout(0)
        self._timer = self._loop.call_later(self._seconds, self._time_out)
        self._go_on()

    def stop(self) -> None:
        """Abandon the handshake without calling a callback. Idempotent."""
        self._leave_off()
        if self.conn is None:
            self._plain.close()

    def _go_on(self) -> None:
        self._cancel_again()
        try:
            self.conn = self._securing.step()
        except BlockingIOError:
            writes, seconds = self._securing.writes, self._securing.seconds
            self._loop.watch_reader(self._descriptor, None if writes else self._go_on)
            self._loop.watch_writer(self._descriptor, self._go_on if writes else None)
            if seconds is not None:
                self._again = self._loop.call_later(seconds, self._go_on)
            return
        except PyncError as error:
            self.failure = error
        self._leave_off()
        self._finished(self)

    def _time_out(self) -> None:
        self.failure = self._securing.late()
        self.stop()
        self._finished(self)

    def _cancel_again(self) -> None:
        if self._again is not None:
            self._again.cancel()
            self._again = None

    def _leave_off(self) -> None:
        self._cancel_again()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._loop.watch_reader(self._descriptor, None)
            self._loop.watch_writer(self._descriptor, None)
