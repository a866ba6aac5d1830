"""The broker's standard input and output: input goes to all clients, their data is shown.

Standard output is written as fast as its reader reads; above a limit the clients wait.
"""

from __future__ import annotations

from collections.abc import Callable

from ...core.broken import unwritten
from ...engine.loop import Loop
from ...engine.outbox import Outbox
from ...engine.sourcewatch import SourceWatch
from ...transports.stdio import Stdio

#: Bytes of one read.
READ = 64 * 1024

#: High-water mark for queued output, in bytes: above it, clients are not read. Below the low-water
#: mark they are read again; the gap leaves space for several reads.
HIGH_WATER = 1024 * 1024
LOW_WATER = 512 * 1024


class BrokerStdio:
    """The user's side of the broker.

    Arguments:
        loop: watches the two streams.
        stdio: the two streams.
        typed: called with typed bytes; with ``b""`` once, at the end.
        changed: called when output starts to lag, stops to lag, or has failed.
    """

    def __init__(
        self,
        loop: Loop,
        stdio: Stdio,
        typed: Callable[[bytes], None],
        changed: Callable[[], None],
    ) -> None:
        #: The error of standard output.
        self.failure: Exception | None = None
        #: Whether the input has ended.
        self.ended = False
        #: Whether much data waits for standard output.
        self.lags = False
        self._stdio = stdio
        self._typed = typed
        self._changed = changed
        self._source_watch = SourceWatch(loop, stdio, self._read)
        self._outbox = Outbox(
            loop, stdio, self._fail, self._look_at_lag, high_water=HIGH_WATER, low_water=LOW_WATER
        )

    def listen(self, reads: bool) -> None:
        """Start or stop to read standard input."""
        if not self.ended:
            self._source_watch.watch(reads)
            if reads and not self._source_watch.descriptors:
                self._read()

    def show(self, data: bytes) -> None:
        """Write data to standard output as soon as possible."""
        self._outbox.put(data)
        self._look_at_lag()

    def _read(self) -> None:
        try:
            data = self._stdio.recv(READ)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""  # the terminal has hung up
        if not data:
            self.ended = True
            self._source_watch.stop()
        self._typed(data)

    def _look_at_lag(self) -> None:
        if self.lags != self._outbox.is_full and self.failure is None:
            self.lags = not self.lags
            self._changed()

    def _fail(self, error: OSError) -> None:
        self.failure = unwritten(error)
        self._changed()
