"""A thread that selects for a loop that cannot: Windows' loop (ProactorEventLoop).

It calls back in the loop once for each watched descriptor. It ends when it has had nothing to
watch for a while.
"""

from __future__ import annotations

import asyncio
import select
import socket
import threading
from collections.abc import Callable
from weakref import WeakKeyDictionary

#: Seconds without anything to watch after which the thread ends.
IDLE = 1.0

_Callbacks = dict[int, Callable[[], object]]


class SelectThread:
    """A watcher of descriptors for a loop.

    Arguments:
        loop: the loop that runs the callbacks.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._call = loop.call_soon_threadsafe
        self._lock = threading.Lock()
        self._readers: _Callbacks = {}
        self._writers: _Callbacks = {}
        self._wake: socket.socket | None = None

    def add_reader(self, fd: int, callback: Callable[[], object], /) -> None:
        """Call back, once, when the descriptor is readable."""
        self._add(self._readers, fd, callback)

    def add_writer(self, fd: int, callback: Callable[[], object], /) -> None:
        """Call back, once, when the descriptor is writable."""
        self._add(self._writers, fd, callback)

    def remove_reader(self, fd: int, /) -> None:
        """End the watch."""
        self._remove(self._readers, fd)

    def remove_writer(self, fd: int, /) -> None:
        """End the watch."""
        self._remove(self._writers, fd)

    def _add(self, callbacks: _Callbacks, fd: int, callback: Callable[[], object]) -> None:
        with self._lock:
            callbacks[fd] = callback
            if self._wake is None:
                self._wake, hears = socket.socketpair()
                threading.Thread(target=self._run, args=(hears,), daemon=True).start()
            else:
                self._wake.send(b"\0")

    def _remove(self, callbacks: _Callbacks, fd: int) -> None:
        with self._lock:
            if callbacks.pop(fd, None) is not None and self._wake is not None:
                self._wake.send(b"\0")

    def _run(self, hears: socket.socket) -> None:
        with hears:
            while True:
                with self._lock:
                    readers, writers = list(self._readers), list(self._writers)
                idle = not readers and not writers
                try:
                    ready = select.select(
                        [hears.fileno(), *readers], writers, writers, IDLE if idle else None
                    )
                except (OSError, ValueError):
                    continue  # a descriptor was closed, and is removed now or soon
                if hears.fileno() in ready[0]:
                    hears.recv(4096)
                elif idle and self._ended():
                    return
                self._tell(self._readers, ready[0])
                self._tell(self._writers, ready[1] + ready[2])

    def _tell(self, callbacks: _Callbacks, ready: list[int]) -> None:
        with self._lock:
            told = [callbacks.pop(fd) for fd in ready if fd in callbacks]
        for callback in told:
            try:
                self._call(callback)
            except RuntimeError:
                pass  # the loop was closed

    def _ended(self) -> bool:
        """End the thread unless a watch was added in the meantime; return whether it ends."""
        with self._lock:
            if self._readers or self._writers or self._wake is None:
                return False
            self._wake.close()
            self._wake = None
            return True


_THREADS: WeakKeyDictionary[asyncio.AbstractEventLoop, SelectThread] = WeakKeyDictionary()


def thread_of(loop: asyncio.AbstractEventLoop) -> SelectThread:
    """Return the thread of a loop."""
    if loop not in _THREADS:
        _THREADS[loop] = SelectThread(loop)
    return _THREADS[loop]
