"""The one event loop: readiness of descriptors, and timers. On ``selectors``.

A few descriptors are polled, for changing what is watched costs nothing then. A crowd is
watched by epoll: poll(2) would look at every idle client for each event of one.
"""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Callable
from itertools import count
from selectors import EVENT_READ, EVENT_WRITE
from types import TracebackType
from typing import TYPE_CHECKING, ParamSpec, Protocol

from ..waiting import readiness, wakeup
from ..waiting.readiness import one_wait

if TYPE_CHECKING:
    from typing_extensions import Self

Callback = Callable[[], None]
P = ParamSpec("P")

#: Timers from which on those that were cancelled are thrown away before their time: the time-outs
#: of short connections, of which there may be thousands a second.
MANY_TIMERS = 256

#: Descriptors from which on it is a crowd. Measured: below some dozens poll(2) costs less than
#: an epoll_ctl(2) for every change.
CROWD = 64


class Timer:
    """One call in the future; cancel() takes it back, as often as you like.

    ``callback`` is None when it has been called, or will not be.
    """

    __slots__ = (
        "_cancelled",
        "callback",
        "due",
    )

    def __init__(self, due: float, callback: Callback) -> None:
        self.due = due
        self.callback: Callback | None = callback
        self._cancelled = False

    def cancel(self) -> None:
        """Do not call; idempotent."""
        self.callback = None
        self._cancelled = True

    def is_cancelled(self) -> bool:
        """Return whether it was taken back."""
        return self._cancelled


class Scheduler(Protocol):
    """What a part of a program needs of the loop; see Loop. Also a client's Boundary."""

    def watch_reader(self, descriptor: int, callback: Callback | None) -> None:
        """Call back while the descriptor can be read; None stops that."""
        ...

    def watch_writer(self, descriptor: int, callback: Callback | None) -> None:
        """Call back while the descriptor can be written; None stops that."""
        ...

    def call_later(self, seconds: float, callback: Callback) -> Timer:
        """Call once, ``seconds`` from now."""
        ...

    def call_every(self, seconds: float, callback: Callback) -> Timer:
        """Call again and again, ``seconds`` apart, until the timer is cancelled."""
        ...

    def call_in_turn(self, callback: Callback) -> None:
        """Call once everything that is ready now has been served; one such call a round."""
        ...

    def bound(self, callback: Callable[P, None]) -> Callable[P, None]:
        """Return the callback, for those who call back by other ways than the loop."""
        ...


class Loop:
    """Calls back when a descriptor is ready or a time has come, in one thread."""

    def __init__(self) -> None:
        self._selector = readiness.for_a_few()
        self._crowded = False
        self._readers: dict[int, Callback] = {}
        self._writers: dict[int, Callback] = {}
        self._events: dict[int, int] = {}
        #: A heap; equal times in the order in which they were asked for.
        self._timers: list[tuple[float, int, Timer]] = []
        self._numbers = count()
        self._sweep_at = MANY_TIMERS
        self._in_turn: deque[Callback] = deque()
        #: Registered in this round: what was ready in it is another file of the same number.
        self._fresh: set[int] = set()
        wakeup_fd = wakeup.wakeup_fd()
        self._hears_signals = wakeup_fd is not None
        if wakeup_fd is not None:
            self.watch_reader(wakeup_fd, wakeup.drain)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._selector.close()

    def watch_reader(self, descriptor: int, callback: Callback | None) -> None:
        """Call back while the descriptor can be read; None stops that."""
        self._watch(self._readers, descriptor, callback)

    def watch_writer(self, descriptor: int, callback: Callback | None) -> None:
        """Call back while the descriptor can be written; None stops that."""
        self._watch(self._writers, descriptor, callback)

    def call_later(self, seconds: float, callback: Callback) -> Timer:
        """Call once, ``seconds`` from now."""
        timer = Timer(time.monotonic() + seconds, callback)
        self._push(timer)
        return timer

    def call_every(self, seconds: float, callback: Callback) -> Timer:
        """Call again and again, ``seconds`` apart, until the timer is cancelled."""

        def call() -> None:
            callback()
            if not timer.is_cancelled():
                timer.due, timer.callback = time.monotonic() + seconds, call
                self._push(timer)

        timer = self.call_later(seconds, call)
        return timer

    def call_in_turn(self, callback: Callback) -> None:
        """Call once everything that is ready now has been served; one such call a round.

        For a client with more work than one callback should do: however many such clients
        there are, the others wait for one of them at a time.
        """
        self._in_turn.append(callback)

    def bound(self, callback: Callable[P, None]) -> Callable[P, None]:
        """Return the callback itself: here nothing is caught (see engine/boundary.py)."""
        return callback

    def run_while(self, going_on: Callable[[], bool]) -> None:
        """Run until ``going_on()`` is false; it is asked after every round.

        Raises what a signal has asked for, between two callbacks (wakeup.defer).
        """
        if not self._hears_signals:
            while going_on():
                self._run_once()
            return
        running = wakeup.set_running(True)
        try:
            while going_on():
                self._run_once()
        finally:
            wakeup.set_running(running)
        wakeup.raise_deferred()

    def _run_once(self) -> None:
        fresh = self._fresh
        fresh.clear()
        for key, events in self._selector.select(one_wait(self._until_next())):
            descriptor = key.fd
            # A callback may have stopped the watch of one that was ready too.
            if events & EVENT_READ and descriptor not in fresh:
                callback = self._readers.get(descriptor)
                if callback is not None:
                    callback()
            if events & EVENT_WRITE and descriptor not in fresh:
                callback = self._writers.get(descriptor)
                if callback is not None:
                    callback()
        if self._timers:
            self._call_due(time.monotonic())
        if self._in_turn:
            self._in_turn.popleft()()

    def _push(self, timer: Timer) -> None:
        if len(self._timers) >= self._sweep_at:
            # (In place: _call_due() may be in the middle of it.)
            self._timers[:] = [entry for entry in self._timers if entry[2].callback is not None]
            heapq.heapify(self._timers)
            self._sweep_at = max(MANY_TIMERS, 2 * len(self._timers))
        heapq.heappush(self._timers, (timer.due, next(self._numbers), timer))

    def _call_due(self, now: float) -> None:
        while self._timers and self._timers[0][0] <= now:
            timer = heapq.heappop(self._timers)[2]
            due, timer.callback = timer.callback, None
            if due is not None:
                due()

    def _until_next(self) -> float | None:
        if self._in_turn:
            return 0.0
        while self._timers and self._timers[0][2].callback is None:
            heapq.heappop(self._timers)
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None

    def _watch(
        self, watches: dict[int, Callback], descriptor: int, callback: Callback | None
    ) -> None:
        if callback is None:
            if watches.pop(descriptor, None) is None:
                return
        else:
            before = descriptor in watches
            watches[descriptor] = callback
            if before:
                return
        events = (EVENT_READ if descriptor in self._readers else 0) | (
            EVENT_WRITE if descriptor in self._writers else 0
        )
        if not events:
            del self._events[descriptor]
            self._selector.unregister(descriptor)
        elif descriptor in self._events:
            self._events[descriptor] = events
            self._selector.modify(descriptor, events)
        else:
            self._selector.register(descriptor, events)
            self._events[descriptor] = events
            self._fresh.add(descriptor)
            if not self._crowded and len(self._events) >= CROWD:
                self._watch_a_crowd()

    def _watch_a_crowd(self) -> None:
        self._crowded = True
        try:
            crowd = readiness.for_a_crowd()
        except OSError:
            return  # no descriptor is left for it: poll goes on
        if crowd is None:
            return
        self._selector.close()
        self._selector = crowd
        for descriptor, events in self._events.items():
            crowd.register(descriptor, events)
