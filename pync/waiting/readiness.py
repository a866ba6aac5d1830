"""Waiting until descriptors are ready, by ``selectors``: every wait uses this module.

It uses poll(2) for a few descriptors; epoll(7) for a crowd, as epoll only handles those with an
event; select(2) where poll is missing (Windows) or wrong (macOS: terminals and devices). It has no
callbacks.
"""

from __future__ import annotations

import os
import selectors
import sys
import time
from collections.abc import Iterable

from ..core.deadline import Deadline
from ..core.typed import TYPE_CHECKING
from . import wakeup

if TYPE_CHECKING:
    _Epoll = selectors.EpollSelector
else:
    # Where epoll is missing, the module can still be imported; the class is not used there.
    _Epoll = getattr(selectors, "EpollSelector", object)

_Ready = list["tuple[selectors.SelectorKey, int]"]

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
        self._selector = for_a_few()
        for descriptor in self.descriptors:
            self._selector.register(descriptor, selectors.EVENT_READ)
        self._wakeup_fd: int | None = None

    def wait(self, deadline: Deadline) -> list[int]:
        """Wait, and return the readable descriptors; see readable()."""
        self._watch_wakeup_pipe()
        if self._wakeup_fd is not None:
            wakeup.raise_deferred()
        while True:
            ready = [key.fd for key, _ in self._selector.select(one_wait(deadline.remaining))]
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
            self._selector.unregister(self._wakeup_fd)
        if wakeup_fd is not None:
            self._selector.register(wakeup_fd, selectors.EVENT_READ)
        self._wakeup_fd = wakeup_fd


class Writable:
    """Repeated waits for writable descriptors: sockets are, when connecting has finished.

    It opens no descriptors, so there is nothing to close.
    """

    def __init__(self) -> None:
        self._selector = for_a_few()

    def watch(self, descriptor: int, wanted: bool) -> None:
        """Add a descriptor to the waits, or remove it."""
        if wanted:
            self._selector.register(descriptor, selectors.EVENT_WRITE)
        else:
            self._selector.unregister(descriptor)

    def wait(self, seconds: float | None) -> list[int]:
        """Wait, and return the writable ones; [] after the time, or one part of it (one_wait)."""
        return [key.fd for key, _ in self._selector.select(one_wait(seconds))]


def is_hung_up(descriptor: int) -> bool:
    """Return whether a connection is over, and not only the peer's direction (poll(2), POLLHUP).

    False where the system does not distinguish the two.
    """
    if not sys.platform.startswith("linux"):
        return False
    import select

    poll = select.poll()
    poll.register(descriptor, 0)
    return bool(poll.poll(0))


def for_a_few() -> selectors.BaseSelector:
    """Return the best selector for a few dozens of descriptors: changing the set costs nothing."""
    if hasattr(selectors, "PollSelector") and sys.platform != "darwin":
        return selectors.PollSelector()
    return _Select()


def for_a_crowd() -> selectors.BaseSelector | None:
    """Return the best selector for very many descriptors; None where the system has none.

    Raises OSError when there is no free descriptor for it.
    """
    return _Crowd() if hasattr(selectors, "EpollSelector") else None


class _Select(selectors.SelectSelector):
    def select(self, timeout: float | None = None) -> _Ready:
        if sys.platform == "win32" and not self.get_map():
            # On Windows, select without descriptors is an error, not a sleep.
            time.sleep(timeout or 0)
            return []
        return super().select(timeout)


class _Crowd(_Epoll):
    """A selector with epoll(7) that also accepts regular files and /dev/null.

    epoll_ctl(2) refuses these (EPERM). With poll(2) they are always ready, and so they are here.
    """

    def __init__(self) -> None:
        super().__init__()
        self._always: dict[int, selectors.SelectorKey] = {}

    def register(self, fileobj: int, events: int, data: object = None) -> selectors.SelectorKey:  # type: ignore[override]
        try:
            return super().register(fileobj, events, data)
        except PermissionError:
            key = selectors.SelectorKey(fileobj, fileobj, events, data)
            self._always[fileobj] = key
            return key

    def modify(self, fileobj: int, events: int, data: object = None) -> selectors.SelectorKey:  # type: ignore[override]
        if fileobj in self._always:
            key = self._always[fileobj] = self._always[fileobj]._replace(events=events)
            return key
        return super().modify(fileobj, events, data)

    def unregister(self, fileobj: int) -> selectors.SelectorKey:  # type: ignore[override]
        return self._always.pop(fileobj, None) or super().unregister(fileobj)

    def select(self, timeout: float | None = None) -> _Ready:
        if not self._always:
            return super().select(timeout)
        ready = super().select(0)
        ready.extend((key, key.events) for key in self._always.values())
        return ready


def may_block(descriptor: int) -> bool:
    """Return whether reading the descriptor may have to wait."""
    # (Before 3.12 Windows has no get_blocking; it has no fast path either.)
    return not hasattr(os, "get_blocking") or os.get_blocking(descriptor)
