"""The proxy's event loop: one thread, readiness by poll(2), and timers.

A descriptor is watched even if the proxy waits for nothing on it: poll(2) reports an error on it,
which shows a reset while the proxy reads nothing (selectors cannot register a descriptor so).
"""

from __future__ import annotations

import heapq
import itertools
import select
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

#: The events of a descriptor. FAILED (there is an error) and HUNG (nothing more can be read or
#: written) are always reported.
READABLE, WRITABLE, FAILED, HUNG = 1, 2, 4, 8

#: A callback for the events of a ready descriptor.
Ready = Callable[[int], None]

#: The most milliseconds between two turns of the loop.
_LONGEST_WAIT = 1000

#: Seconds after which settle() returns even if the loop always has something to do.
_SETTLED_WITHIN = 1.0


class Loop:
    """A loop that runs in its own thread from ``start`` to ``stop``; all callbacks run there."""

    def __init__(self) -> None:
        self._watched: dict[int, tuple[int, Ready]] = {}
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()
        #: Callbacks to run when there is nothing left to do.
        self._last: list[Callable[[], None]] = []
        self._stopped = False
        self._ours, self._theirs = socket.socketpair()
        self._ours.setblocking(False)
        self._poll = select.poll() if hasattr(select, "poll") else None
        self.watch(self._ours, READABLE, lambda _: self._drain())
        self._thread = threading.Thread(target=self._run, name="fault proxy", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, and wait for its end. The owners close the watched sockets."""
        self._stopped = True
        self._theirs.send(b".")
        self._thread.join()
        self._ours.close()
        self._theirs.close()

    def call(self, callback: Callable[[], None]) -> None:
        """Run a callback in the loop's thread, and wait until it has run."""
        done = threading.Event()

        def run() -> None:
            callback()
            done.set()

        self.after(0.0, run)
        self._theirs.send(b".")
        done.wait(10.0)

    def settle(self) -> None:
        """Wait until everything that has happened so far is handled, but at most a second.

        It takes several turns to handle a client that has connected, written and closed.
        """
        done = threading.Event()
        self._last.append(done.set)
        self._theirs.send(b".")
        done.wait(_SETTLED_WITHIN)

    def watch(self, sock: socket.socket, events: int, ready: Ready) -> None:
        """Watch a socket for these events; this replaces an earlier call for the socket."""
        number = sock.fileno()
        known = self._watched.get(number)
        self._watched[number] = events, ready
        if self._poll is not None and (known is None or known[0] != events):
            self._poll.register(number, _mask(events))

    def unwatch(self, sock: socket.socket) -> None:
        """Stop watching a socket."""
        if self._watched.pop(sock.fileno(), None) is not None and self._poll is not None:
            with suppress(KeyError):
                self._poll.unregister(sock.fileno())

    def after(self, seconds: float, callback: Callable[[], None]) -> None:
        """Run a callback later; callbacks for the same moment run in the order of the calls."""
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._count), callback))

    def _run(self) -> None:
        while not self._stopped:
            asked = len(self._last)
            ready = self._wait()
            for number, events in ready:
                known = self._watched.get(number)
                if known is not None:
                    known[1](events)
            now = time.monotonic()
            while self._timers and self._timers[0][0] <= now:
                heapq.heappop(self._timers)[2]()
            for _ in range(0 if ready else asked):
                self._last.pop(0)()

    def _wait(self) -> list[tuple[int, int]]:
        wait = 0.0 if self._last else float(_LONGEST_WAIT)
        if self._timers:
            wait = min(wait, max(0.0, (self._timers[0][0] - time.monotonic()) * 1000))
        if self._poll is not None:
            return [(number, _told(mask)) for number, mask in self._poll.poll(wait)]
        return self._select(wait / 1000)

    def _select(self, seconds: float) -> list[tuple[int, int]]:
        """Poll on Windows, where Python has no poll(2): a reset is only seen when it is read."""
        reads = [one for one, (events, _) in self._watched.items() if events & READABLE]
        writes = [one for one, (events, _) in self._watched.items() if events & WRITABLE]
        readable, writable, failed = select.select(reads, writes, writes, seconds)
        told: dict[int, int] = {}
        for numbers, event in ((readable, READABLE), (writable, WRITABLE), (failed, FAILED)):
            for number in numbers:
                told[number] = told.get(number, 0) | event
        return list(told.items())

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            while self._ours.recv(4096):
                pass


def _mask(events: int) -> int:
    read = select.POLLIN if events & READABLE else 0
    return read | (select.POLLOUT if events & WRITABLE else 0)


def _told(mask: int) -> int:
    events = READABLE if mask & select.POLLIN else 0
    events |= WRITABLE if mask & select.POLLOUT else 0
    events |= FAILED if mask & (select.POLLERR | select.POLLNVAL) else 0
    return events | (HUNG if mask & select.POLLHUP else 0)
