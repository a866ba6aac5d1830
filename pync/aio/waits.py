"""Waiting for descriptors under asyncio, for one connection or listener.

Loops with add_reader watch descriptors. Windows' default loop cannot: there, a thread selects for
it (selecting.py).
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable, Iterable

from ..core.deadline import Deadline
from ..core.typed import Protocol

#: Calls in a row that may succeed at once, before other tasks run.
AT_ONCE = 16


class Watcher(Protocol):
    """An object that watches descriptors: a loop, or the thread that does it for a loop."""

    def add_reader(self, fd: int, callback: Callable[[], object], /) -> object:
        """Call back when the descriptor is readable."""

    def remove_reader(self, fd: int, /) -> object:
        """End the watch."""

    def add_writer(self, fd: int, callback: Callable[[], object], /) -> object:
        """Call back when the descriptor is writable."""

    def remove_writer(self, fd: int, /) -> object:
        """End the watch."""


class Waits:
    """The waits of one owner of descriptors; end the waits before closing the descriptors."""

    def __init__(self) -> None:
        self._waiting: set[_Wait] = set()
        self._at_once = 0

    async def give_way(self) -> None:
        """Let other tasks run at intervals: a peer that is always ready must not block them.

        Call it before trying something, so that a cancelled call loses nothing.
        """
        self._at_once += 1
        if self._at_once > AT_ONCE:
            self._at_once = 0
            await asyncio.sleep(0)

    async def readable(self, descriptors: Iterable[int], deadline: Deadline) -> None:
        """Wait until one of these is readable. Raises TimeoutError; OSError if they are closed."""
        await self._wait(tuple(descriptors), (), deadline)

    async def writable(self, descriptor: int, deadline: Deadline) -> None:
        """Wait until the descriptor is writable. Raises the errors of readable()."""
        await self._wait((), (descriptor,), deadline)

    def end(self) -> None:
        """End all waits: the descriptors are about to be closed."""
        for wait in list(self._waiting):
            wait.fail(OSError(errno.EBADF, os.strerror(errno.EBADF)))

    async def _wait(
        self, readable: tuple[int, ...], writable: tuple[int, ...], deadline: Deadline
    ) -> None:
        if -1 in readable + writable:
            return  # closed; the next call raises the error
        self._at_once = 0
        wait = _Wait(readable, writable, deadline)
        self._waiting.add(wait)
        try:
            await wait.done
        finally:
            self._waiting.discard(wait)
            wait.unwatch()


class _Wait:
    """One wait, which watches from its creation on."""

    def __init__(
        self, readable: tuple[int, ...], writable: tuple[int, ...], deadline: Deadline
    ) -> None:
        loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = loop.create_future()
        self._watcher = watcher_of(loop)
        self._readable, self._writable = readable, writable
        remaining = deadline.remaining
        self._timer = None if remaining is None else loop.call_later(remaining, self._expire)
        for descriptor in readable:
            self._watcher.add_reader(descriptor, self._succeed)
        for descriptor in writable:
            self._watcher.add_writer(descriptor, self._succeed)

    def fail(self, error: OSError) -> None:
        """End the wait with an error."""
        self.unwatch()
        if not self.done.done():
            self.done.set_exception(error)

    def unwatch(self) -> None:
        """End the watch; idempotent."""
        for descriptor in self._readable:
            self._watcher.remove_reader(descriptor)
        for descriptor in self._writable:
            self._watcher.remove_writer(descriptor)
        self._readable = self._writable = ()
        if self._timer is not None:
            self._timer.cancel()

    def _succeed(self) -> None:
        self.unwatch()
        if not self.done.done():
            self.done.set_result(None)

    def _expire(self) -> None:
        self.fail(TimeoutError("timed out"))


def watcher_of(loop: asyncio.AbstractEventLoop) -> Watcher:
    """Return the watcher of descriptors for a loop."""
    if isinstance(loop, getattr(asyncio, "ProactorEventLoop", ())):
        from .selecting import thread_of

        return thread_of(loop)
    return loop
