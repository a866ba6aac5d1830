"""One client of the broker: its limited queue, and when it is disconnected."""

from __future__ import annotations

from collections.abc import Callable

from ...core.broken import TruncatedError, broken
from ...core.errors import PyncError, RelayError
from ...engine.idle import IdleTimer, idle_timeout
from ...engine.loop import Scheduler
from ...engine.outbox import Outbox
from ...engine.sourcewatch import SourceWatch
from ...transports.conn import Conn
from .backlog import Backlog, Place

#: Bytes of one read: after so many, other clients are read.
READ = 64 * 1024

#: High-water mark: bytes of memory that may wait before typed input is paused (see Place.size).
HIGH_WATER = 1024 * 1024

#: Bytes of memory that may wait before the client is disconnected (see Place.size).
LIMIT = 16 * 1024 * 1024

#: Seconds for which a client may receive nothing while data waits.
STALLED = 30.0


class BrokerClient:
    """One client of the broker.

    Arguments:
        loop: watches the connection.
        conn: owned by this object.
        backlog: the data for all; from now on, all of it is sent to the client, except its own.
        heard: called with the client's data; ``b""`` when it has ended.
        left: called once when the client has left, with the error, if any.
        lagged: called when ``lags`` changes.
        idle: seconds without data after which it is disconnected.
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
        #: Whether much data waits for it.
        self.lags = False
        #: The order of the clients' last reads: a number that grows.
        self.turn = 0
        self.peer = f"{conn.peer.host}:{conn.peer.service}" if conn.peer.host else conn.peer.path
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
        self._peer_ended = False
        self._source_watch = SourceWatch(loop, conn, self._read)
        self._truncation: PyncError | None = None
        self._idle_timer = IdleTimer(loop, idle, self._idle_expired)
        self._stall_timer = IdleTimer(loop, STALLED, self._stalled)
        conn.settimeout(0)

    def start(self) -> None:
        """Start to read from the client."""
        if self._open:
            self._idle_timer.start()
            self._arrange()

    @property
    def active_at(self) -> float:
        """The time when bytes moved last, in any direction (time.monotonic)."""
        return self._idle_timer.active_at

    def listen(self, reads: bool) -> None:
        """Start or stop to read from the client; its data waits in the kernel while stopped."""
        if reads != self._reads:
            self._reads = reads
            self._arrange()

    def notice(self) -> None:
        """Send new data of the backlog as soon as possible."""
        if not self._outbox.waits:
            if self._outbox.flush():
                self._idle_timer.reset()
            self._watch_for_stall()
        self._look_at_size()

    def take_eof(self) -> None:
        """End our direction, once everything is sent."""
        if self._open:
            self._place.stop()
            self._outbox.put_eof()
            self._watch_for_stall()

    def close(self) -> None:
        """Close the connection without calling a callback. Idempotent."""
        if self._open:
            self._open = False
            self._idle_timer.cancel()
            self._stall_timer.cancel()
            self._source_watch.stop()
            self._outbox.stop()
            self._conn.close()

    def _leave(self, error: Exception | None) -> None:
        if self._open:
            self.close()
            self._left(self, error)

    def _read(self) -> None:
        try:
            data = self._conn.recv(self._read_size)
        except (BlockingIOError, InterruptedError):
            # A layer may hold bytes although this read returned none.
            self._arrange()
            return
        except TruncatedError as error:
            # An end: the client may still read.
            self._truncation, data = self._worded(error), b""
        except OSError as error:
            self._fail(error)
            return
        self._idle_timer.reset()
        self._heard(self, data)
        if not data:
            self._peer_ended = True
            self._place.stop()
            self._outbox.flush()
            self._leave_if_through()
        self._arrange()

    def _sent(self) -> None:
        """Record that the loop has sent some of the waiting data."""
        self._idle_timer.reset()
        self._stall_timer.reset()
        self._look_at_size()
        self._leave_if_through()

    def _fail(self, error: OSError) -> None:
        self._leave(self._worded(error))

    def _leave_if_through(self) -> None:
        # As in ncat: a client that has ended its direction has left.
        if self._peer_ended and not self._outbox.waits:
            self._leave(self._truncation)

    def _look_at_size(self) -> None:
        size = self._outbox.size if self._outbox.waits else 0
        if size > LIMIT:
            self._leave(self._too_slow(f"{size} bytes wait for it"))
        elif self.lags != (size > HIGH_WATER) and self._open:
            self.lags = not self.lags
            self._lagged(self)

    def _watch_for_stall(self) -> None:
        if self._outbox.waits:
            self._stall_timer.start()

    def _arrange(self) -> None:
        if self._open:
            self._source_watch.watch(self._reads and not self._peer_ended)

    def _idle_expired(self) -> None:
        assert self._idle is not None
        self._leave(idle_timeout(self._conn.peer, self._idle))

    def _stalled(self) -> None:
        if self._outbox.waits:
            self._leave(self._too_slow(f"took nothing for {STALLED:g} s"))

    def _too_slow(self, how: str) -> RelayError:
        return RelayError("relay", self._conn.peer, f"too slow: {how}")

    def _worded(self, error: OSError) -> PyncError:
        return error if isinstance(error, PyncError) else broken(self._conn.peer, error)
