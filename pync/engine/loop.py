"""The event loop: readiness of descriptors, and timers.

A few descriptors are watched by poll(2), where changing the set costs nothing. Many are watched
by epoll(7), because poll(2) checks all idle clients for each event of one client.
"""

from __future__ import annotations

import heapq
import time
from itertools import count

from ..core.typed import TYPE_CHECKING, Callable, Protocol, deque
from ..waiting import readiness, wakeup
from ..waiting.readiness import EVENT_READ, EVENT_WRITE, READABLE, WRITABLE

if TYPE_CHECKING:
    from types import TracebackType
    from typing import ParamSpec

    from typing_extensions import Self

    P = ParamSpec("P")

Callback = Callable[[], None]

#: Called with an exception that a callback has raised; it may raise the exception again.
Caught = Callable[[Exception], None]

#: From so many timers on, cancelled ones are removed before they are due: they are the time-outs
#: of short connections, of which there may be thousands in a second.
MANY_TIMERS = 256

#: From so many descriptors on, epoll is used. Measured: for a few dozens poll(2) costs less than
#: an epoll_ctl(2) for every change.
CROWD = 64


class Timer:
    """One call in the future; cancel() prevents it.

    ``callback`` is None after the call, and after cancel().
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
        """Prevent the call; idempotent."""
        self.callback = None
        self._cancelled = True

    def is_cancelled(self) -> bool:
        """Return whether cancel() was called."""
        return self._cancelled


class Scheduler(Protocol):
    """The methods of a loop that parts of a program use; a client's Boundary has them too."""

    def watch_reader(self, descriptor: int, callback: Callback | None) -> None:
        """Call ``callback`` while the descriptor is readable; None ends the watch."""

    def watch_writer(self, descriptor: int, callback: Callback | None) -> None:
        """Call ``callback`` while the descriptor is writable; None ends the watch."""

    def call_later(self, seconds: float, callback: Callback) -> Timer:
        """Call once, ``seconds`` from now."""

    def call_every(self, seconds: float, callback: Callback) -> Timer:
        """Call every ``seconds``, until the timer is cancelled."""

    def call_in_turn(self, callback: Callback) -> None:
        """Call after everything that is ready now was served; one such call in each round."""

    def bound(self, callback: Callable[P, None]) -> Callable[P, None]:
        """Return the callback in the form in which code other than the loop may call it."""


class Loop:
    """An event loop in one thread: calls back when a descriptor is ready or a timer is due."""

    def __init__(self) -> None:
        self._poller = readiness.for_a_few()
        self._crowded = False
        #: The callback of each descriptor, and the function that catches its exceptions.
        self._readers: dict[int, tuple[Callback, Caught | None]] = {}
        self._writers: dict[int, tuple[Callback, Caught | None]] = {}
        self._events: dict[int, int] = {}
        #: A heap of (time, number, timer); timers with equal times run in the order of creation.
        self._timers: list[tuple[float, int, Timer]] = []
        self._numbers = count()
        self._sweep_at = MANY_TIMERS
        self._in_turn: deque[Callback] = deque()
        #: Descriptors registered in this round. An event of the round for one of these numbers is
        #: about an older file, which had the same number and was closed.
        self._fresh: set[int] = set()
        wakeup_fd = wakeup.wakeup_fd()
        self._hears_signals = wakeup_fd is not None
        #: The number of rounds so far.
        self.rounds = 0
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
        self._poller.close()

    def watch_reader(
        self, descriptor: int, callback: Callback | None, caught: Caught | None = None
    ) -> None:
        """Call ``callback`` while the descriptor is readable; None ends the watch.

        ``caught`` is called with an exception that it raises; without it, the loop raises it.
        """
        self._watch(self._readers, descriptor, callback, caught)

    def watch_writer(
        self, descriptor: int, callback: Callback | None, caught: Caught | None = None
    ) -> None:
        """Call ``callback`` while the descriptor is writable; None ends the watch."""
        self._watch(self._writers, descriptor, callback, caught)

    def end_watches(self, caught: Caught) -> None:
        """End all watches with this ``caught``."""
        for watches in (self._readers, self._writers):
            for descriptor in [one for one, (_, given) in watches.items() if given == caught]:
                self._watch(watches, descriptor, None, None)

    def call_later(self, seconds: float, callback: Callback) -> Timer:
        """Call once, ``seconds`` from now."""
        timer = Timer(time.monotonic() + seconds, callback)
        self._push(timer)
        return timer

    def call_every(self, seconds: float, callback: Callback) -> Timer:
        """Call every ``seconds``, until the timer is cancelled."""

        def call() -> None:
            callback()
            if not timer.is_cancelled():
                timer.due, timer.callback = time.monotonic() + seconds, call
                self._push(timer)

        timer = self.call_later(seconds, call)
        return timer

    def call_in_turn(self, callback: Callback) -> None:
        """Call after everything that is ready now was served; one such call in each round.

        It is for a client with more work than one callback should do. The other clients wait for
        only one such call in each round, no matter how many are waiting.
        """
        self._in_turn.append(callback)

    def bound(self, callback: Callable[P, None]) -> Callable[P, None]:
        """Return the callback itself: the loop catches no errors (see engine/boundary.py)."""
        return callback

    def run_while(self, going_on: Callable[[], bool]) -> None:
        """Run until ``going_on()`` is false; it is called after every round.

        Raises the exception that a signal handler has deferred (wakeup.defer), between two
        callbacks.
        """
        if not self._hears_signals:
            while going_on():
                self._run_once()
            return
        wakeup.raise_deferred()
        running = wakeup.set_running(True)
        try:
            while going_on():
                self._run_once()
        finally:
            wakeup.set_running(running)
        wakeup.raise_deferred()

    def _run_once(self) -> None:
        fresh, readers, writers = self._fresh, self._readers, self._writers
        fresh.clear()
        self.rounds += 1
        caught: Caught | None = None
        timeout = self._until_next() if self._timers or self._in_turn else None
        for descriptor, events in self._poller.select(timeout):
            # An earlier callback of this round may have ended the watch of this descriptor.
            try:
                if events & READABLE and descriptor in readers and descriptor not in fresh:
                    callback, caught = readers[descriptor]
                    callback()
                if events & WRITABLE and descriptor in writers and descriptor not in fresh:
                    callback, caught = writers[descriptor]
                    callback()
            except Exception as error:
                if caught is None:
                    raise
                caught(error)
        if self._timers:
            self._call_due(time.monotonic())
        if self._in_turn:
            self._in_turn.popleft()()

    def _push(self, timer: Timer) -> None:
        if len(self._timers) >= self._sweep_at:
            # (In place: _call_due() may be iterating over the list.)
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
        self,
        watches: dict[int, tuple[Callback, Caught | None]],
        descriptor: int,
        callback: Callback | None,
        caught: Caught | None,
    ) -> None:
        if callback is None:
            if watches.pop(descriptor, None) is None:
                return
        else:
            before = descriptor in watches
            watches[descriptor] = callback, caught
            if before:
                return
        events = (EVENT_READ if descriptor in self._readers else 0) | (
            EVENT_WRITE if descriptor in self._writers else 0
        )
        if not events:
            del self._events[descriptor]
            self._poller.unregister(descriptor)
        elif descriptor in self._events:
            self._events[descriptor] = events
            self._poller.modify(descriptor, events)
        else:
            self._poller.register(descriptor, events)
            self._events[descriptor] = events
            self._fresh.add(descriptor)
            if not self._crowded and len(self._events) >= CROWD:
                self._watch_a_crowd()

    def _watch_a_crowd(self) -> None:
        self._crowded = True
        try:
            crowd = readiness.for_a_crowd()
        except OSError:
            return  # no descriptor is free for epoll: continue with poll
        if crowd is None:
            return
        self._poller.close()
        self._poller = crowd
        for descriptor, events in self._events.items():
            crowd.register(descriptor, events)
