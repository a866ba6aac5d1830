"""One client in a room: what waits for it, bounded, and when it has to leave."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from ..core.errors import IdleTimeoutError, PyncError, RelayError, cause_of
from ..engine.ends import send_eof
from ..engine.loop import Scheduler, Timer
from ..transports.conn import Conn

#: Bytes of one read: nobody speaks for long before the next is heard.
READ = 64 * 1024

#: Bytes that may wait before typing has to pause.
HIGH_WATER = 1024 * 1024

#: Bytes that may wait before the client has to leave.
LIMIT = 16 * 1024 * 1024

#: Seconds that a client may take nothing while something waits.
STALLED = 30.0


class Member:
    """A connection among others.

    Arguments:
        loop: watches it.
        conn: owned from now on.
        heard: is told of what the client sends; ``b""`` when it has ended.
        left: is told, once, that the client has gone, and with which error.
        lagged: is told when ``lags`` changes.
        idle: seconds without data after which it has to leave.
    """

    def __init__(
        self,
        loop: Scheduler,
        conn: Conn,
        heard: Callable[[Member, bytes], None],
        left: Callable[[Member, Exception | None], None],
        lagged: Callable[[Member], None],
        idle: float | None,
    ) -> None:
        #: Whether much waits for it.
        self.lags = False
        #: When it was heard last, among the others: a number that grows.
        self.turn = 0
        self.peer = f"{conn.peer.host}:{conn.peer.port}" if conn.peer.host else conn.peer.path
        self._loop = loop
        self._conn = conn
        self._heard = heard
        self._left = left
        self._lagged = lagged
        self._idle = idle
        self._waiting: deque[memoryview] = deque()
        self._size = 0
        self._open = True
        self._reads = True
        self._peer_ended = self._eof_waits = self._calls_again = False
        self._active_at = self._took_at = time.monotonic()
        self._timer: Timer | None = None
        self._stall: Timer | None = None
        conn.settimeout(0)

    def start(self) -> None:
        """Begin to hear it."""
        if self._idle is not None and self._open:
            self._timer = self._loop.call_later(self._idle, self._look_idle)
        self._arrange()

    def listen(self, reads: bool) -> None:
        """Whether it is heard; what it says waits in the kernel meanwhile."""
        if reads != self._reads:
            self._reads = reads
            self._arrange()

    def take(self, data: bytes) -> None:
        """Send it this, in time."""
        if not self._open or self._peer_ended or self._eof_waits:
            return
        if not self._waiting:
            self._took_at = time.monotonic()
            self._stall = self._loop.call_later(STALLED, self._look_stalled)
        self._waiting.append(memoryview(data))
        self._size += len(data)
        self._flush()
        if self._size > LIMIT:
            self._leave(self._error(RelayError, f"too slow: {self._size} bytes wait for it"))

    def take_eof(self) -> None:
        """End our direction, once everything is sent."""
        if self._open and not self._eof_waits:
            self._eof_waits = True
            self._flush()

    def close(self) -> None:
        """Let go; nobody is told. Idempotent."""
        if self._open:
            self._open = False
            for timer in (self._timer, self._stall):
                if timer is not None:
                    timer.cancel()
            for descriptor in self._conn.read_fds():
                self._loop.watch_reader(descriptor, None)
            self._loop.watch_writer(self._conn.write_fd(), None)
            self._waiting.clear()
            self._conn.close()

    def _leave(self, error: Exception | None) -> None:
        if self._open:
            self.close()
            self._left(self, error)

    def _read(self) -> None:
        self._calls_again = False
        if not self._open or self._peer_ended or not self._reads:
            return
        try:
            data = self._conn.recv(READ)
        except (BlockingIOError, InterruptedError):
            # A layer may hold more although this read gave nothing.
            self._arrange()
            return
        except (OSError, PyncError) as error:
            self._leave(self._worded(error))
            return
        self._active_at = time.monotonic()
        self._heard(self, data)
        if not data:
            self._peer_ended = True
            self._flush()
            return
        self._arrange()

    def _flush(self) -> None:
        try:
            while self._waiting:
                sent = self._conn.send(self._waiting[0])
                self._active_at = self._took_at = time.monotonic()
                self._size -= sent
                if sent < len(self._waiting[0]):
                    self._waiting[0] = self._waiting[0][sent:]
                else:
                    self._waiting.popleft()
            if self._eof_waits and not self._peer_ended:
                send_eof(self._conn)
                self._eof_waits = False
                self._ended = True
        except (BlockingIOError, InterruptedError):
            pass
        except (OSError, PyncError) as error:
            self._leave(self._worded(error))
            return
        if self._peer_ended and not self._waiting:
            # As ncat: who has ended has left.
            self._leave(None)
            return
        self._arrange()

    def _arrange(self) -> None:
        if not self._open:
            return
        if self.lags != (self._size > HIGH_WATER):
            self.lags = not self.lags
            self._lagged(self)
        reading = self._reads and not self._peer_ended
        holds = getattr(self._conn, "pending", None)
        if reading and not self._calls_again and holds is not None and holds():
            # What TLS holds itself wakes nobody up.
            self._calls_again = True
            self._loop.call_later(0, self._read)
        for descriptor in self._conn.read_fds():
            self._loop.watch_reader(descriptor, self._read if reading else None)
        writes = bool(self._waiting) or self._eof_waits
        self._loop.watch_writer(self._conn.write_fd(), self._flush if writes else None)

    def _look_idle(self) -> None:
        assert self._idle is not None
        left = self._active_at + self._idle - time.monotonic()
        if left > 0:
            self._timer = self._loop.call_later(left, self._look_idle)
        else:
            self._leave(self._error(IdleTimeoutError, f"idle for {self._idle:g} s"))

    def _look_stalled(self) -> None:
        if not self._waiting:
            return
        left = self._took_at + STALLED - time.monotonic()
        if left > 0:
            self._stall = self._loop.call_later(left, self._look_stalled)
        else:
            self._leave(self._error(RelayError, f"too slow: took nothing for {STALLED:g} s"))

    def _error(self, kind: type[RelayError], cause: str) -> RelayError:
        return kind("relay", self._conn.peer, cause)

    def _worded(self, error: OSError | PyncError) -> PyncError:
        if isinstance(error, PyncError):
            return error
        return self._error(RelayError, cause_of(error))
