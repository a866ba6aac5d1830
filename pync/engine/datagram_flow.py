"""One direction of a relay of datagrams: each is passed on whole, or not at all.

There is no EOF, and no datagram is cut. Datagrams that cannot be sent yet wait, up to a limit; more
are dropped, as the kernel drops those that do not fit into a socket's buffer. A simulated fault of
the line (layers/faultydatagrams.py) or a rate limit may delay them.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from ..core.typed import TYPE_CHECKING
from .loop import Scheduler, Timer

if TYPE_CHECKING:
    from ..layers.faultydatagrams import FaultyDatagrams
    from .pace import Pace

#: How many datagrams, and how many bytes of them, may wait for one receiver.
MOST_WAITING = 256
MOST_BYTES = 1024 * 1024

#: Seconds between two attempts to send to a receiver whose buffer is full, where no descriptor
#: becomes ready when it has room: from the first value, doubled up to the last.
FIRST_PAUSE, LAST_PAUSE = 0.001, 0.05


class DatagramFlow:
    """One direction.

    Arguments:
        loop: runs the timers.
        send: sends one datagram. Raises OSError; BlockingIOError when there is no room for it.
        write_fd: returns the descriptor that is writable when there is room; None if none is.
        failed: called with the error of a datagram that cannot be sent; it is dropped.
        roomy: called when datagrams have waited and all of them are sent.
        tap: called with each datagram that is read.
        pace: how fast to send.
        line: the faults of the line.
    """

    __slots__ = (
        "_failed",
        "_line",
        "_loop",
        "_on_the_way",
        "_pace",
        "_pause",
        "_resumes",
        "_roomy",
        "_send",
        "_size",
        "_tap",
        "_waiting",
        "_watches",
        "_write_fd",
        "moved",
    )

    def __init__(
        self,
        loop: Scheduler,
        send: Callable[[bytes], object],
        write_fd: Callable[[], int] | None,
        failed: Callable[[OSError], None],
        roomy: Callable[[], None],
        tap: Callable[[bytes], None] | None = None,
        pace: Pace | None = None,
        line: FaultyDatagrams | None = None,
    ) -> None:
        #: Bytes sent.
        self.moved = 0
        self._loop = loop
        self._send = send
        self._write_fd = write_fd
        self._failed = failed
        self._roomy = roomy
        self._tap = tap
        self._pace = pace
        self._line = line
        if line is not None:
            line.changed = self._arrive
        #: None until a datagram waits: most peers are silent, and a deque needs memory.
        self._waiting: deque[bytes] | None = None
        self._size = 0
        self._pause = FIRST_PAUSE
        #: When waiting datagrams are tried again, and when the next one on the line arrives.
        self._resumes: Timer | None = None
        self._on_the_way: Timer | None = None
        self._watches = False

    @property
    def is_held_up(self) -> bool:
        """Whether datagrams wait, so that it is better not to read more."""
        return bool(self._waiting)

    def put(self, data: bytes) -> None:
        """Pass on a datagram that was read; it may be empty."""
        if self._tap is not None:
            self._tap(data)
        if self._line is None:
            self._pass_on(data)
        else:
            self._line.put(data, time.monotonic())
            self._arrive()

    def clear(self) -> None:
        """Drop the datagrams that wait: their receiver is about to change."""
        if self._resumes is not None:
            self._resumes.cancel()
        self._resumes = self._waiting = None
        self._size = 0
        self._watch(False)

    def stop(self) -> None:
        """Send nothing more. Idempotent."""
        self.clear()
        if self._on_the_way is not None:
            self._on_the_way.cancel()
            self._on_the_way = None
        if self._line is not None:
            self._line.changed = None
        # Break the reference cycle now, not in the garbage collector.
        self._send = self._failed = _drop
        self._roomy = _ignore

    def _arrive(self) -> None:
        assert self._line is not None
        now = time.monotonic()
        if self._on_the_way is not None:
            self._on_the_way.cancel()
            self._on_the_way = None
        for data in self._line.take(now):
            self._pass_on(data)
        at = self._line.next_time(now)
        if at is not None:
            self._on_the_way = self._loop.call_later(max(0.0, at - now), self._arrive)

    def _pass_on(self, data: bytes) -> None:
        if self._resumes is None and not self._waiting and not self._watches:
            if self._sends(data):
                return
        elif not self._has_room(len(data)):
            return
        if self._waiting is None:
            self._waiting = deque()
        self._waiting.append(data)
        self._size += len(data)

    def _has_room(self, size: int) -> bool:
        waiting = self._waiting
        return not waiting or (len(waiting) < MOST_WAITING and self._size + size <= MOST_BYTES)

    def _sends(self, data: bytes) -> bool:
        """Send a datagram or report its failure; return False when it has to wait."""
        try:
            self._send(data)
        except (BlockingIOError, InterruptedError):
            self._await_room()
            return False
        except OSError as error:
            self._failed(error)
            return True
        self.moved += len(data)
        self._pause = FIRST_PAUSE
        if self._pace is not None:
            seconds = self._pace.pause(len(data), time.monotonic())
            if seconds:
                self._resumes = self._loop.call_later(seconds, self._resume)
        return True

    def _await_room(self) -> None:
        if self._write_fd is not None:
            self._watch(True)
        else:
            self._resumes = self._loop.call_later(self._pause, self._resume)
            self._pause = min(2 * self._pause, LAST_PAUSE)

    def _watch(self, wanted: bool) -> None:
        if wanted != self._watches and self._write_fd is not None:
            self._watches = wanted
            self._loop.watch_writer(self._write_fd(), self._resume if wanted else None)

    def _resume(self) -> None:
        self._resumes = None
        self._watch(False)
        while self._waiting:
            data = self._waiting.popleft()
            if not self._sends(data):
                if self._waiting is not None:
                    self._waiting.appendleft(data)
                return
            self._size -= len(data)
            if self._resumes is not None:
                return
        self._roomy()


def _drop(_: object) -> None:
    """Ignore calls after the end."""


def _ignore() -> None:
    """Ignore calls after the end."""
