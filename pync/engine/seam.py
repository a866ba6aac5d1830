"""The place for a filter in one direction of a connection, between its reader and its writer.

    source --> convert, tap --> Filter --> what waits to be written --> sink

A filter receives everything that its direction reads: bytes, EOF, an error. It may pass them on
late, in pieces, changed or not at all, EOF as an error and an error as EOF. Without a filter, a
Flow passes them on at once. With one, bytes are not moved inside the kernel
(Pipeline.sends_plainly, engine/zerocopy.py).

A filter belongs to one connection and one direction: Pipeline.sent_filter, .received_filter.
"""

from __future__ import annotations

from collections.abc import Callable

from ..core.typed import Protocol
from .loop import Scheduler, Timer


class Writer(Protocol):
    """The receiver of what a filter passes on: bytes, then at most one end or error."""

    def put(self, *pieces: bytes) -> None:
        """Write these pieces, each by a write of its own, after the bytes that wait."""

    def end(self) -> None:
        """Pass on EOF after the bytes that wait. Nothing more is read."""

    def fail(self, error: OSError) -> None:
        """Treat the source as broken, after the bytes that wait.

        Both sides of a relay get RST then, once the written bytes are acknowledged.
        """

    def look(self) -> None:
        """Read the filter's ``room`` again: it has changed without a put()."""

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call once, later; the filter cancels the timer in stop()."""


class Filter(Protocol):
    """A step between a reader and a writer, which may delay, change or drop what it is given."""

    @property
    def room(self) -> int:
        """The bytes that may be read now; used before each read, and after each call of put().

        While it is 0, nothing is read. The filter counts the bytes that it holds itself.
        """

    def start(self, writer: Writer) -> None:
        """Start to pass on to ``writer``. Called once, before the other methods."""

    def data(self, data: bytes) -> None:
        """Take bytes that were read; at least one."""

    def end(self) -> None:
        """Take the end of the source."""

    def failed(self, error: OSError) -> None:
        """Take the failure of the source (RST)."""

    def stop(self) -> None:
        """Pass on nothing more, and cancel every timer: the direction is over. Idempotent."""


class Seam:
    """The connection of a filter with its flow: the filter's Writer, and the flow's view of it.

    Arguments:
        loop: runs the timers.
        found: the filter.
        take: appends a piece to the bytes that wait to be written.
        flush: writes what can be written.
        end: ends the reading.
        fail: handles an error as one of the source.
    """

    def __init__(
        self,
        loop: Scheduler,
        found: Filter,
        take: Callable[[bytes], None],
        flush: Callable[[], None],
        end: Callable[[], None],
        fail: Callable[[OSError], None],
    ) -> None:
        #: Whether the filter has passed on the end, or an error.
        self.ended = False
        self._loop = loop
        self._filter = found
        self._take = take
        self._flush = flush
        self._end = end
        self._fail = fail
        #: Whether the flow is calling the filter; the flow flushes after the call.
        self._telling = False

    @property
    def room(self) -> int:
        """The bytes that may be read now."""
        return self._filter.room

    def start(self) -> None:
        """Start the filter."""
        self._tell(lambda: self._filter.start(self))

    def stop(self) -> None:
        """Pass on nothing more. Idempotent."""
        self.ended = True
        self._filter.stop()
        # Break the reference cycle now, not in the garbage collector.
        self._take, self._flush, self._end, self._fail = _drop, _ignore, _ignore, _drop

    # What the flow has read: for the filter.

    def data(self, data: bytes) -> None:
        """Give the filter bytes that were read."""
        if data and not self.ended:
            self._tell(lambda: self._filter.data(data))

    def source_ended(self) -> None:
        """Tell the filter that the source has ended."""
        if not self.ended:
            self._tell(self._filter.end)

    def source_failed(self, error: OSError) -> None:
        """Tell the filter that the source has broken."""
        if not self.ended:
            self._filter.failed(error)

    def _tell(self, tell: Callable[[], None]) -> None:
        self._telling = True
        try:
            tell()
        finally:
            self._telling = False

    # What the filter passes on.

    def put(self, *pieces: bytes) -> None:
        """Write these pieces, each by a write of its own, after the bytes that wait."""
        if not self.ended:
            for piece in pieces:
                self._take(piece)
            self._go_on()

    def end(self) -> None:
        """Pass on EOF after the bytes that wait."""
        if not self.ended:
            self.ended = True
            self._end()
            self._go_on()

    def fail(self, error: OSError) -> None:
        """Treat the source as broken, after the bytes that wait."""
        if not self.ended:
            self.ended = True
            self._fail(error)

    def look(self) -> None:
        """Read the filter's ``room`` again."""
        if not self.ended:
            self._go_on()

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call once, later."""
        return self._loop.call_later(seconds, callback)

    def _go_on(self) -> None:
        if not self._telling:
            self._flush()


def _drop(_: object) -> None:
    """Ignore calls after the end."""


def _ignore() -> None:
    """Ignore calls after the end."""
