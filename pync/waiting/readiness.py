"""Waiting until descriptors are ready: every wait uses this module.

It uses poll(2) for a few descriptors; epoll(7) for a crowd, as epoll only handles those with an
event; select(2) where poll is missing (Windows) or wrong (macOS: terminals and devices). It has no
callbacks.
"""

from __future__ import annotations

import os
import select
import sys
import time
from math import ceil

from ..core.deadline import Deadline
from ..core.typed import Iterable, Protocol
from . import wakeup

#: What a descriptor is watched for, as in the module selectors.
EVENT_READ, EVENT_WRITE = 1, 2

#: The limit of one wait in seconds: on Windows, ^C does not interrupt select; elsewhere, poll(2)
#: has a limit.
_LONGEST_WAIT = 0.25 if sys.platform == "win32" else 86400.0


def one_wait(seconds: float | None) -> float | None:
    """Return the seconds of the next single wait, None for ever; the caller waits again."""
    if seconds is None:
        return _LONGEST_WAIT if sys.platform == "win32" else None
    return min(seconds, _LONGEST_WAIT)


def readable(descriptors: Iterable[int], deadline: Deadline) -> list[int]:
    """Wait until some descriptors are readable; return them, or [] after the deadline.

    A signal does not end the wait, but its handler runs (and may raise).
    """
    return Readable(descriptors).wait(deadline)


class Readable:
    """Repeated waits for the same descriptors. It opens none, so there is nothing to close."""

    def __init__(self, descriptors: Iterable[int]) -> None:
        self.descriptors = tuple(descriptors)
        self._poller = for_a_few()
        for descriptor in self.descriptors:
            self._poller.register(descriptor, EVENT_READ)
        self._wakeup_fd: int | None = None

    def wait(self, deadline: Deadline) -> list[int]:
        """Wait, and return the readable descriptors; see readable()."""
        self._watch_wakeup_pipe()
        if self._wakeup_fd is not None:
            wakeup.raise_deferred()
        while True:
            ready = [each for each, _ in self._poller.select(deadline.remaining)]
            if self._wakeup_fd in ready:
                wakeup.drain()
                ready.remove(self._wakeup_fd)
            if ready or deadline.passed:
                return ready

    def _watch_wakeup_pipe(self) -> None:
        wakeup_fd = wakeup.wakeup_fd()
        if wakeup_fd == self._wakeup_fd:
            return
        if self._wakeup_fd is not None:
            self._poller.unregister(self._wakeup_fd)
        if wakeup_fd is not None:
            self._poller.register(wakeup_fd, EVENT_READ)
        self._wakeup_fd = wakeup_fd


class Writable:
    """Repeated waits for writable descriptors: sockets are, when connecting has finished.

    It opens no descriptors, so there is nothing to close.
    """

    def __init__(self) -> None:
        self._poller = for_a_few()

    def watch(self, descriptor: int, wanted: bool) -> None:
        """Add a descriptor to the waits, or remove it."""
        if wanted:
            self._poller.register(descriptor, EVENT_WRITE)
        else:
            self._poller.unregister(descriptor)

    def wait(self, seconds: float | None) -> list[int]:
        """Wait, and return the writable ones; [] after the time, or one part of it (one_wait)."""
        return [each for each, _ in self._poller.select(seconds)]


def is_hung_up(descriptor: int) -> bool:
    """Return whether a connection is over, and not only the peer's direction (poll(2), POLLHUP).

    False where the system does not distinguish the two.
    """
    if not sys.platform.startswith("linux"):
        return False
    poll = select.poll()
    poll.register(descriptor, 0)
    return bool(poll.poll(0))


def for_a_few() -> Poller:
    """Return the best poller for a few dozens of descriptors: changing the set costs nothing."""
    if hasattr(select, "poll") and sys.platform != "darwin":
        return _Poll()
    return _Select()


def for_a_crowd() -> Poller | None:
    """Return the best poller for very many descriptors; None where the system has none.

    Raises OSError when there is no free descriptor for it.
    """
    return _Crowd() if hasattr(select, "epoll") else None


class Poller(Protocol):
    """A set of watched descriptors.

    (As a selector of ``selectors``, without its objects for descriptors: making and looking up
    these takes longer than poll(2) itself.)
    """

    def register(self, descriptor: int, events: int) -> None:
        """Watch a descriptor for EVENT_READ, EVENT_WRITE or both. Raises ValueError, OSError."""

    def modify(self, descriptor: int, events: int) -> None:
        """Watch a descriptor for other events."""

    def unregister(self, descriptor: int) -> None:
        """End the watch; the descriptor may be closed already."""

    def select(self, timeout: float | None) -> list[tuple[int, int]]:
        """Wait once (see one_wait), and return the ready descriptors with the events of poll(2).

        ``events & READABLE`` and ``events & WRITABLE`` say what a descriptor is ready for. After
        an error or a hang-up it is both, whatever is watched.
        """

    def close(self) -> None:
        """Close what the poller itself has opened."""


#: EVENT_READ, EVENT_WRITE or both -> the events of poll(2), which epoll(7) has too.
_IN, _OUT = getattr(select, "POLLIN", 1), getattr(select, "POLLOUT", 4)
_ASKED = (0, _IN, _OUT, _IN | _OUT)

#: What poll(2) tells of a descriptor that can be read, and of one that can be written: an error
#: and a hang-up are both.
READABLE, WRITABLE = ~_OUT, ~_IN


class _Poll:
    """poll(2)."""

    def __init__(self) -> None:
        self._poll = select.poll()

    def register(self, descriptor: int, events: int) -> None:
        self._poll.register(descriptor, _ASKED[events])

    modify = register

    def unregister(self, descriptor: int) -> None:
        self._poll.unregister(descriptor)

    def select(self, timeout: float | None) -> list[tuple[int, int]]:
        if timeout is None:
            return self._poll.poll()
        # (Rounded up: a wait that ends before its time would be repeated. A negative time would
        # be for ever.)
        return self._poll.poll(max(0, ceil(min(timeout, _LONGEST_WAIT) * 1000)))

    def close(self) -> None:
        """Do nothing: poll(2) needs no descriptor of its own."""


class _Select:
    """select(2)."""

    def __init__(self) -> None:
        from selectors import SelectSelector

        self._selector = SelectSelector()

    def register(self, descriptor: int, events: int) -> None:
        self._selector.register(descriptor, events)

    def modify(self, descriptor: int, events: int) -> None:
        self._selector.modify(descriptor, events)

    def unregister(self, descriptor: int) -> None:
        self._selector.unregister(descriptor)

    def select(self, timeout: float | None) -> list[tuple[int, int]]:
        timeout = one_wait(timeout)
        if sys.platform == "win32" and not self._selector.get_map():
            # On Windows, select without descriptors is an error, not a sleep.
            time.sleep(max(0.0, timeout or 0.0))
            return []
        return [(key.fd, _ASKED[events]) for key, events in self._selector.select(timeout)]

    def close(self) -> None:
        self._selector.close()


class _Crowd:
    """epoll(7), also for regular files and /dev/null.

    epoll_ctl(2) refuses these (EPERM). With poll(2) they are always ready, and so they are here.
    """

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._always: dict[int, int] = {}

    def register(self, descriptor: int, events: int) -> None:
        try:
            self._epoll.register(descriptor, _ASKED[events])
        except PermissionError:
            self._always[descriptor] = _ASKED[events]

    def modify(self, descriptor: int, events: int) -> None:
        if descriptor in self._always:
            self._always[descriptor] = _ASKED[events]
        else:
            self._epoll.modify(descriptor, _ASKED[events])

    def unregister(self, descriptor: int) -> None:
        if self._always.pop(descriptor, None) is None:
            try:
                self._epoll.unregister(descriptor)
            except OSError:
                pass  # it is closed already, which has ended the watch

    def select(self, timeout: float | None) -> list[tuple[int, int]]:
        if self._always:
            return [*self._epoll.poll(0), *self._always.items()]
        if timeout is None:
            return self._epoll.poll()
        # (A negative time would be for ever.)
        return self._epoll.poll(max(0.0, min(timeout, _LONGEST_WAIT)))

    def close(self) -> None:
        self._epoll.close()


def may_block(descriptor: int) -> bool:
    """Return whether reading the descriptor may have to wait."""
    # (Before 3.12 Windows has no get_blocking; it has no fast path either.)
    return not hasattr(os, "get_blocking") or os.get_blocking(descriptor)
