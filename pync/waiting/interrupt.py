"""Ending a wait from another thread: what close() of a listener does to its accept()."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Interrupt:
    """A descriptor that becomes readable, once and for all, when somebody rings.

    It is closed when it has rung and nobody waits any more: were it closed under a wait, its
    number could belong to another file by then.
    """

    def __init__(self) -> None:
        self._there, self._here = socket.socketpair()
        self._lock = threading.Lock()
        self._waiting = 0
        self._rung = False

    def fileno(self) -> int:
        """Return the descriptor to wait on besides; -1 when it is closed."""
        return self._here.fileno()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """While somebody waits."""
        with self._lock:
            self._waiting += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1
                self._close_when_done()

    def ring(self) -> bool:
        """End all waits; returns whether there are any. Idempotent."""
        with self._lock:
            if not self._rung:
                self._rung = True
                self._there.send(b"\0")
            self._close_when_done()
            return self._waiting > 0

    def _close_when_done(self) -> None:
        if self._rung and not self._waiting:
            self._there.close()
            self._here.close()
