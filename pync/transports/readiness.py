"""What is ready among descriptors: poll(2); epoll(7) for a crowd; select(2) for who has neither.

Not the selectors module: its bookkeeping costs as much again as the system call, for every event.
Each of these tells pairs of a descriptor and its events as poll(2) writes them: an error or a
hang-up is neither READ nor WRITE, and whoever waits for either has to be told. It knows nothing
of callbacks.
"""

from __future__ import annotations

import math
import select
import sys
import time
from collections.abc import Iterable
from typing import Protocol

from ..core.deadline import Deadline
from . import bell

#: POLLIN and POLLOUT, which are epoll's EPOLLIN and EPOLLOUT too.
READ, WRITE = 1, 4

Ready = list["tuple[int, int]"]


class Readiness(Protocol):
    """Waits for descriptors."""

    def register(self, descriptor: int, events: int) -> None:
        """Watch a descriptor for these events. Raises OSError."""
        ...

    def modify(self, descriptor: int, events: int) -> None:
        """Watch it for other events. Raises OSError."""
        ...

    def unregister(self, descriptor: int) -> None:
        """Watch it no more."""
        ...

    def wait(self, seconds: float | None) -> Ready:
        """What is ready, within so many seconds; None waits for ever. Raises OSError."""
        ...

    def close(self) -> None:
        """Let go; idempotent."""
        ...


#: Seconds of one wait at most: ^C does not interrupt Windows' select; elsewhere what fits
#: poll(2), whoever asks for more.
_LONGEST_WAIT = 0.25 if sys.platform == "win32" else 86400.0


def one_wait(seconds: float | None) -> float | None:
    """How long to wait at once; the caller waits again. Seconds, None for ever."""
    if seconds is None:
        return _LONGEST_WAIT if sys.platform == "win32" else None
    return min(seconds, _LONGEST_WAIT)


def readable(descriptors: Iterable[int], deadline: Deadline) -> list[int]:
    """Wait until some of these can be read; none when the deadline has passed.

    A signal ends no wait, but its handler runs (and may raise).
    """
    watched = for_a_few()
    for descriptor in descriptors:
        watched.register(descriptor, READ)
    ringing = bell.within_earshot()
    if ringing is not None:
        watched.register(ringing, READ)
    while True:
        ready = [descriptor for descriptor, _ in watched.wait(one_wait(deadline.remaining))]
        if ringing in ready:
            bell.silence()
            ready.remove(ringing)
        if ready or deadline.passed:
            return ready


def for_a_few() -> Readiness:
    """What is best for some dozens of descriptors: changing what is watched costs nothing."""
    return _ByPoll() if _POLLS else _BySelect()


def for_a_crowd() -> Readiness | None:
    """What looks at those alone where something came; None where there is no such thing.

    Raises OSError when no descriptor is left for it.
    """
    return _ByEpoll() if sys.platform.startswith("linux") else None


#: macOS has poll(2), and it is wrong there for terminals and devices.
_POLLS = hasattr(select, "poll") and sys.platform != "darwin"


class _ByPoll:
    def __init__(self) -> None:
        self._poll = select.poll()
        self.register = self._poll.register
        self.modify = self._poll.modify
        self.unregister = self._poll.unregister

    def wait(self, seconds: float | None) -> Ready:
        # Rounded up: a wait that ends before its time would be begun again and again.
        return self._poll.poll(None if seconds is None else math.ceil(seconds * 1000))

    def close(self) -> None:
        """Nothing is open."""


class _ByEpoll:
    """epoll_ctl(2) refuses what has no readiness of its own (EPERM: regular files, /dev/null).

    poll(2) says of these that they are ready at once, always; so says this.
    """

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._always: dict[int, int] = {}

    def register(self, descriptor: int, events: int) -> None:
        try:
            self._epoll.register(descriptor, events)
        except PermissionError:
            self._always[descriptor] = events

    def modify(self, descriptor: int, events: int) -> None:
        if descriptor in self._always:
            self._always[descriptor] = events
        else:
            self._epoll.modify(descriptor, events)

    def unregister(self, descriptor: int) -> None:
        if self._always.pop(descriptor, None) is None:
            try:
                self._epoll.unregister(descriptor)
            except OSError:
                pass  # it was closed, which ends the watch as well

    def wait(self, seconds: float | None) -> Ready:
        if self._always:
            return [*self._epoll.poll(0), *self._always.items()]
        # Milliseconds there too, and rounded down.
        return self._epoll.poll(None if seconds is None else math.ceil(seconds * 1000) / 1000)

    def close(self) -> None:
        self._epoll.close()


class _BySelect:
    def __init__(self) -> None:
        self._watched: dict[int, int] = {}

    def register(self, descriptor: int, events: int) -> None:
        self._watched[descriptor] = events

    modify = register

    def unregister(self, descriptor: int) -> None:
        del self._watched[descriptor]

    def wait(self, seconds: float | None) -> Ready:
        if not self._watched and sys.platform == "win32":
            # select of nothing is an error there, not a sleep.
            time.sleep(seconds or 0)
            return []
        reading = [descriptor for descriptor, events in self._watched.items() if events & READ]
        writing = [descriptor for descriptor, events in self._watched.items() if events & WRITE]
        # Windows tells of a connection that failed as of an exception.
        readable, writable, failed = select.select(reading, writing, writing, seconds)
        ready = dict.fromkeys(readable, READ)
        for descriptor in (*writable, *failed):
            ready[descriptor] = ready.get(descriptor, 0) | WRITE
        return list(ready.items())

    def close(self) -> None:
        """Nothing is open."""
