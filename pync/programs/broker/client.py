"""One client of the broker: its bounded queue, and when it is disconnected."""

from __future__ import annotations

import time
from collections.abc import Callable

from ...core.broken import TruncatedError, broken
from ...core.errors import IdleTimeoutError, PyncError, RelayError
from ...engine.loop import Scheduler, Timer
from ...engine.outbox import Outbox
from ...transports.conn import Conn
from .backlog import Backlog, Place

#: Bytes of one read: nobody speaks for long before the next is heard.
READ = 64 * 1024

#: High-water mark: bytes of memory that may wait before typing has to pause (see Place.size).
HIGH_WATER = 1024 * 1024

#: Bytes of memory that may wait before the client has to leave (see Place.size).
LIMIT = 16 * 1024 * 1024

#: Seconds that a client may take nothing while something waits.
STALLED = 30.0


class BrokerClient:
    """A connection among others.

    Arguments:
        loop: watches it.
        conn: owned from now on.
        backlog: what is broadcast from now on; all of it is sent to the client, but for
            its own words.
        heard: called with what the client sends; ``b""`` when it has ended.
        left: called once when the client has gone, with the error, if any.
        lagged: called when ``lags`` changes.
        idle: seconds without data after which it has to leave.
        read: bytes of one read.
    """

    def __init__(
        self,
        loop: Scheduler,
        conn: Conn,
        backlog: Backlog,
        heard: Callable[[BrokerClient, bytes], None],
        left: Callable[[BrokerClient, Exception | None], None],
        lagged: Callable[[BrokerClient], None],
        idle: float | None,
        read: int = READ,
    ) -> None:
        #: Whether much waits for it.
        self.lags = False
        #: When it was heard last, among the others: a number that grows.
        self.turn = 0
        self.peer = f"{conn.peer.host}:{conn.peer.service}" if conn.peer.host else conn.peer.path
        self._loop = loop
        self._conn = conn
        self._heard = heard
        self._left = left
        self._lagged = lagged
        self._idle = idle
        self._read_size = read
        self._place = Place(backlog, self)
        self._outbox = Outbox(loop, conn, self._fail, self._sent, queue=self._place)
        self._open = True
        self._reads = True
        self._peer_ended = self._calls_again = False
        self.active_at = self._took_at = time.monotonic()
        self._truncation: PyncError | None = None
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

    def notice(self) -> None:
        """More has been said: send it, in time."""
        if not self._outbox.waits:
            if self._outbox.flush():
                self.active_at = time.monotonic()
            self._watch_for_stall()
        self._look_at_size()

    def take_eof(self) -> None:
        """End our direction, once everything is sent."""
        if self._open:
            self._place.stop()
            self._outbox.put_eof()
            self._watch_for_stall()

    def close(self) -> None:
        """Let go; no callback is called. Idempotent."""
        if self._open:
            self._open = False
            for timer in (self._timer, self._stall):
                if timer is not None:
                    timer.cancel()
            for descriptor in self._conn.read_fds():
                self._loop.watch_reader(descriptor, None)
            self._outbox.stop()
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
            data = self._conn.recv(self._read_size)
        except (BlockingIOError, InterruptedError):
            # A layer may hold more although this read gave nothing.
            self._arrange()
            return
        except TruncatedError as error:
            # An end, after which it may still read.
            self._truncation, data = self._worded(error), b""
        except OSError as error:
            self._fail(error)
            return
        self.active_at = time.monotonic()
        self._heard(self, data)
        if not data:
            self._peer_ended = True
            self._place.stop()
            self._leave_if_through()
        self._arrange()

    def _sent(self) -> None:
        """The loop has sent some of what waited."""
        self.active_at = self._took_at = time.monotonic()
        self._look_at_size()
        self._leave_if_through()

    def _fail(self, error: OSError) -> None:
        self._leave(self._worded(error))

    def _leave_if_through(self) -> None:
        # As ncat: who has ended has left.
        if self._peer_ended and not self._outbox.waits:
            self._leave(self._truncation)

    def _look_at_size(self) -> None:
        size = self._outbox.size if self._outbox.waits else 0
        if size > LIMIT:
            self._leave(self._error(RelayError, f"too slow: {size} bytes wait for it"))
        elif self.lags != (size > HIGH_WATER) and self._open:
            self.lags = not self.lags
            self._lagged(self)

    def _watch_for_stall(self) -> None:
        if self._outbox.waits:
            self._took_at = time.monotonic()
            if self._stall is None:
                self._stall = self._loop.call_later(STALLED, self._look_stalled)

    def _arrange(self) -> None:
        if not self._open:
            return
        reading = self._reads and not self._peer_ended
        holds = getattr(self._conn, "pending", None)
        if reading and not self._calls_again and holds is not None and holds():
            # What TLS holds itself wakes nobody up.
            self._calls_again = True
            self._loop.call_later(0, self._read)
        for descriptor in self._conn.read_fds():
            self._loop.watch_reader(descriptor, self._read if reading else None)

    def _look_idle(self) -> None:
        assert self._idle is not None
        left = self.active_at + self._idle - time.monotonic()
        if left > 0:
            self._timer = self._loop.call_later(left, self._look_idle)
        else:
            self._leave(self._error(IdleTimeoutError, f"idle for {self._idle:g} s"))

    def _look_stalled(self) -> None:
        self._stall = None
        if not self._outbox.waits:
            return
        left = self._took_at + STALLED - time.monotonic()
        if left > 0:
            self._stall = self._loop.call_later(left, self._look_stalled)
        else:
            self._leave(self._error(RelayError, f"too slow: took nothing for {STALLED:g} s"))

    def _error(self, kind: type[RelayError], cause: str) -> RelayError:
        return kind("relay", self._conn.peer, cause)

    def _worded(self, error: OSError) -> PyncError:
        return error if isinstance(error, PyncError) else broken(self._conn.peer, error)
