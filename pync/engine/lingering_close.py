"""The end of a client: what was said last has to arrive, and closing must not take it back."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..transports.conn import Conn
from .loop import Scheduler, Timer
from .protocols import break_off, send_eof, unacknowledged
from .sourcewatch import SourceWatch

#: Seconds that a client has to take what was said last, and to end.
LINGER = 2.0

#: Seconds between two looks at whether it has, where nothing wakes us up for that.
CHECK_INTERVAL = 0.01

#: Bytes of one read of what is not wanted any more.
READ = 64 * 1024


class LingeringClose:
    """One client on its way out.

    Arguments:
        loop: watches it.
        conn: closed at the end.
        finished: is called once, later or at once.
        broken: end by RST: what it received is not all that there was.
    """

    def __init__(
        self, loop: Scheduler, conn: Conn, finished: Callable[[], None], *, broken: bool = False
    ) -> None:
        self._loop = loop
        self._conn = conn
        self._finished = finished
        self._broken = broken
        self._until = time.monotonic() + LINGER
        self._timer: Timer | None = None
        self._source_watch = SourceWatch(loop, conn, self._read)

    def start(self) -> None:
        """Begin."""
        try:
            self._conn.settimeout(0)
            if self._broken:
                self._look()
                return
            send_eof(self._conn)
        except OSError:
            # It is gone, or it takes nothing: nobody is left to be told.
            self._end()
            return
        # Closing with unread input would be an RST (RFC 1122 4.2.2.13), which can overtake
        # the answer.
        self._timer = self._loop.call_later(LINGER, self._end)
        self._source_watch.watch(True)

    def stop(self) -> None:
        """Leave off; no callback is called. Idempotent."""
        if self._timer is not None:
            self._timer.cancel()
        self._source_watch.stop()

    def _read(self) -> None:
        try:
            data = self._conn.recv(READ)
        except (BlockingIOError, InterruptedError):
            data = None
        except OSError:
            data = b""
        if data == b"":
            self._end()
        else:
            self._source_watch.watch(True)

    def _look(self) -> None:
        """RST once everything that was sent has arrived: it throws away what waits."""
        try:
            waits = unacknowledged(self._conn) > 0
        except OSError:
            waits = False
        if waits and time.monotonic() < self._until:
            self._timer = self._loop.call_later(CHECK_INTERVAL, self._look)
            return
        break_off(self._conn)
        self._end()

    def _end(self) -> None:
        self.stop()
        self._conn.close()
        self._finished()
