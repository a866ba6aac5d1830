"""Waiting for descriptors under asyncio, for one connection or listener.

Loops with add_reader watch them. The one that Windows has by default cannot: there a thread
selects for it (selecting.py).
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable, Iterable
from typing import Protocol

from ..core.deadline import Deadline

#: Calls in a row that may succeed at once, before others get their turn.
AT_ONCE = 16


class Watcher(Protocol):
    """What watches descriptors: a loop, or the thread that does it for one."""

    def add_reader(self, fd: int, callback: Callable[[], object], /) -> object:
        """Call back when it can be read."""
        ...

    def remove_reader(self, fd: int, /) -> object:
        """Do not any more."""
        ...

    def add_writer(self, fd: int, callback: Callable[[], object], /) -> object:
        """Call back when it can be written."""
        ...

    def remove_writer(self, fd: int, /) -> object:
        """Do not any more."""
        ...


class Waits:
    """The waits of one owner of descriptors; who closes them has to end the waits first."""

    def __init__(self) -> None:
        self._waiting: set[_Wait] = set()
        self._at_once = 0

    async def give_way(self) -> None:
        """Let other tasks run now and then: a peer that is always ready must not keep them out.

        To be called before something is tried, so that a cancelled call loses nothing.
        """
        self._at_once += 1
        if self._at_once > AT_ONCE:
            self._at_once = 0
            await asyncio.sleep(0)

    async def readable(self, descriptors: Iterable[int], deadline: Deadline) -> None:
        """Wait until one of these can be read. Raises TimeoutError; OSError if they close."""
        await self._wait(tuple(descriptors), (), deadline)

    async def writable(self, descriptor: int, deadline: Deadline) -> None:
        """Wait until it can be written. Raises as readable does."""
        await self._wait((), (descriptor,), deadline)

    def end(self) -> None:
        """End all of them: the descriptors are about to be closed."""
        for wait in list(self._waiting):
            wait.fail(OSError(errno.EBADF, os.strerror(errno.EBADF)))

    async def _wait(
        self, readable: tuple[int, ...], writable: tuple[int, ...], deadline: Deadline
    ) -> None:
        if -1 in readable + writable:
            return  # closed; the next call says so
        self._at_once = 0
        wait = _Wait(readable, writable, deadline)
        self._waiting.add(wait)
        try:
            await wait.done
        finally:
            self._waiting.discard(wait)
            wait.unwatch()


class _Wait:
    """One wait, which watches from the beginning."""

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
        """End it."""
        self.unwatch()
        if not self.done.done():
            self.done.set_exception(error)

    def unwatch(self) -> None:
        """Watch no more; idempotent."""
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
    """What watches descriptors for a loop."""
    if isinstance(loop, getattr(asyncio, "ProactorEventLoop", ())):
        from .selecting import thread_of

        return thread_of(loop)
    return loop
