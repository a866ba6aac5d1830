"""Ending a wait from another thread: a listener's close() ends its accept()."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Interrupt:
    """A descriptor that becomes readable, for ever, when ring() is called.

    It is closed when ring() was called and no wait uses it any more: if it were closed during a
    wait, its number could belong to another file by then.
    """

    def __init__(self) -> None:
        self._there, self._here = socket.socketpair()
        self._lock = threading.Lock()
        self._waiting = 0
        self._rung = False

    def fileno(self) -> int:
        """Return the descriptor to wait on in addition to others; -1 when it is closed."""
        return self._here.fileno()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count a wait during the ``with`` block."""
        with self._lock:
            self._waiting += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1
                self._close_when_done()

    def ring(self) -> bool:
        """End all waits; return whether there are any. Idempotent."""
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
