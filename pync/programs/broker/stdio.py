"""The broker's standard input and output: input goes to all clients, what they send is shown.

Standard output is written as fast as its reader takes it; beyond a bound the clients wait.
"""

from __future__ import annotations

from collections.abc import Callable

from ...core.errors import OutputError, OutputGone, cause_of
from ...engine.loop import Loop
from ...transports.stdio import Stdio

#: Bytes of one read, and of one write.
READ = 64 * 1024
WRITE = 256 * 1024

#: High-water mark for queued output, in bytes: above it no client is read. Below the low-water
#: mark clients are read again; the gap leaves space for several reads.
HIGH_WATER = 1024 * 1024
LOW_WATER = 512 * 1024


class BrokerStdio:
    """The user's side of the broker.

    Arguments:
        loop: watches the two streams.
        stdio: them.
        typed: called with what is typed; ``b""`` once, at its end.
        changed: is called when output lags, or no longer, or has failed.
    """

    def __init__(
        self,
        loop: Loop,
        stdio: Stdio,
        typed: Callable[[bytes], None],
        changed: Callable[[], None],
    ) -> None:
        #: Why nothing can be shown any more.
        self.failure: Exception | None = None
        #: Whether the input has ended.
        self.ended = False
        #: Whether much waits for standard output.
        self.lags = False
        self._loop = loop
        self._stdio = stdio
        self._typed = typed
        self._changed = changed
        self._listens = False
        # One buffer: a list of small pieces would cost many times their bytes.
        self._waiting = bytearray()
        for descriptor in stdio.fault_fds():
            loop.watch_reader(descriptor, lambda: self.show(b""))

    def listen(self, reads: bool) -> None:
        """Whether standard input is read."""
        if reads == self._listens or self.ended:
            return
        self._listens = reads
        descriptors = self._stdio.read_fds()
        for descriptor in descriptors:
            self._loop.watch_reader(descriptor, self._read if reads else None)
        if reads and not descriptors:
            self._read()

    def show(self, data: bytes) -> None:
        """Write this to standard output, in time."""
        if self.failure is None:
            self._waiting += data
            self._flush()

    def _read(self) -> None:
        descriptors = self._stdio.read_fds()
        try:
            data = self._stdio.recv(READ)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""  # a terminal that hung up
        if not data:
            self.ended = True
            for descriptor in descriptors:
                self._loop.watch_reader(descriptor, None)
        self._typed(data)

    def _flush(self) -> None:
        try:
            while True:
                # Even if nothing waits: writing shows whether there is still a reader.
                with memoryview(self._waiting) as view, view[:WRITE] as piece:
                    sent = self._stdio.send(piece)
                del self._waiting[:sent]
                if not self._waiting:
                    break
        except (BlockingIOError, InterruptedError):
            pass
        except BrokenPipeError:
            self._fail(OutputGone())
            return
        except OSError as error:
            self._fail(OutputError("write", "standard output", cause_of(error)))
            return
        writes = self._flush if self._waiting else None
        self._loop.watch_writer(self._stdio.write_fd(), writes)
        lags = len(self._waiting) > (LOW_WATER if self.lags else HIGH_WATER)
        if lags != self.lags:
            self.lags = lags
            self._changed()

    def _fail(self, failure: Exception) -> None:
        self._loop.watch_writer(self._stdio.write_fd(), None)
        for descriptor in self._stdio.fault_fds():
            self._loop.watch_reader(descriptor, None)
        self._waiting.clear()
        self.failure = failure
        self._changed()
