"""Threads ("pumps") that make a stream selectable: they connect it to one end of a socketpair.

They are used only where there is no other way: Windows can select only sockets. This module is
loaded late, because threading costs start-up time.
"""

from __future__ import annotations

import errno
import os
import socket
import threading
from collections.abc import Callable

from ..core.deadline import Deadline

#: Bytes of one read.
READ = 64 * 1024

#: Seconds of one wait for a thread; Windows handles ^C only between two waits.
JOIN_INTERVAL = 0.25


class Inlet:
    """A source: a thread reads it, and the socket receives the bytes, then EOF.

    The thread reads ahead by the capacity of the socketpair. It is a daemon: a read of a console
    cannot be cancelled.

    Arguments:
        read: waits for the next bytes; ``b""`` is the end. Raises OSError.
        ended: called in the thread when it stops reading.
    """

    def __init__(self, read: Callable[[], bytes], ended: Callable[[], None] | None = None) -> None:
        self._inner, self.sock = socket.socketpair()
        self._read = read
        self._ended = ended
        self._error: OSError | None = None
        threading.Thread(target=self._run, name="pump in", daemon=True).start()

    def recv(self, size: int) -> bytes:
        """Return bytes of the source; ``b""`` at the end. Raises OSError, also the source's."""
        data = self.sock.recv(size)
        if not data and self._error is not None:
            raise self._error
        return data

    def close(self) -> None:
        """Receive nothing more; the thread ends after its current read. Idempotent."""
        self.sock.close()

    def _run(self) -> None:
        with self._inner:
            try:
                while data := self._next():
                    self._inner.sendall(data)
            except OSError:
                pass  # the other end is closed
            finally:
                if self._ended is not None:
                    self._ended()

    def _next(self) -> bytes:
        try:
            return self._read()
        except OSError as error:
            self._error = error
            return b""


class Outlet:
    """A sink: a thread writes the bytes to it that are sent to the socket.

    Arguments:
        write: waits until all the bytes are written. Raises OSError.
        ended: called in the thread when everything is written, or writing has failed.
        stays: whether the program waits at its end until everything is written.
    """

    def __init__(
        self,
        write: Callable[[bytes], None],
        ended: Callable[[], None] | None = None,
        *,
        stays: bool = True,
    ) -> None:
        self._inner, self.sock = socket.socketpair()
        self._write = write
        self._ended = ended
        self._error: OSError | None = None
        self._taken = self._written = 0
        self._thread = threading.Thread(target=self._run, name="pump out", daemon=not stays)
        self._thread.start()

    def send(self, data: bytes | memoryview) -> int:
        """Accept what fits; return how many bytes did. Raises OSError, also the sink's."""
        if self._error is not None:
            raise self._error
        try:
            taken = self.sock.send(data)
            self._taken += taken
            return taken
        except (BlockingIOError, TimeoutError):
            raise
        except OSError:
            # The thread has closed its end, and may have recorded the error.
            raise self._error or _broken() from None

    def send_eof(self) -> None:
        """Let the sink end when everything is written; idempotent. Raises OSError."""
        if self._error is not None:
            raise self._error
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it has ended already, or just failed: the next call raises the error

    def waiting(self) -> int:
        """Return the number of accepted bytes not written yet. Raises the sink's OSError."""
        if self._error is not None:
            raise self._error
        return self._taken - self._written

    def close(self) -> None:
        """Accept nothing more; accepted bytes are still written. Idempotent."""
        self.sock.close()

    def wait(self, seconds: float | None = None) -> None:
        """Wait until everything is written, or for ``seconds``. Raises the sink's OSError."""
        deadline = Deadline(seconds)
        while self._thread.is_alive() and not deadline.passed:
            self._thread.join(JOIN_INTERVAL)
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        with self._inner:
            try:
                while data := self._inner.recv(READ):
                    self._write(data)
                    self._written += len(data)
            except OSError as error:
                self._error = error
            finally:
                if self._ended is not None:
                    self._ended()


def _broken() -> BrokenPipeError:
    return BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
