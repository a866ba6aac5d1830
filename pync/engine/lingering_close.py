"""Closing a client's connection so that the last bytes sent to it still arrive."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..transports.conn import Conn
from .loop import Scheduler, Timer
from .protocols import break_off, send_eof, unacknowledged
from .sourcewatch import SourceWatch

#: Seconds that a client has to receive the last bytes, and to close.
LINGER = 2.0

#: Seconds between two checks whether they have arrived; no descriptor becomes ready then.
CHECK_INTERVAL = 0.01

#: Bytes of one read of data that is thrown away.
READ = 64 * 1024


class LingeringClose:
    """The end of one client's connection.

    Arguments:
        loop: watches the connection.
        conn: closed at the end.
        finished: called once at the end, perhaps by start().
        broken: end by RST, because the client has not received everything.
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
        """Start to close."""
        try:
            self._conn.settimeout(0)
            if self._broken:
                self._look()
                return
            send_eof(self._conn)
        except OSError:
            # The client has closed, or receives nothing: there is nothing to wait for.
            self._end()
            return
        # Closing with unread input would be an RST (RFC 1122 4.2.2.13), which can overtake
        # the answer.
        self._timer = self._loop.call_later(LINGER, self._end)
        self._source_watch.watch(True)

    def stop(self) -> None:
        """Stop without calling a callback. Idempotent."""
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
        """Send RST once all sent bytes have arrived; an earlier RST would discard them."""
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
