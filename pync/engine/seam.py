"""Where one direction of one connection can be changed, between its reader and its writer.

    source --> convert, tap --> Filter --> what waits to be written --> sink

A filter is told all that its direction reads: bytes, the end, an error. It passes them on when,
and as, it likes: late, in pieces, not at all; an end as an error, an error as an end. Without a
filter a Flow passes them on at once. With one, the kernel moves nothing by itself
(Pipeline.sends_plainly, engine/zerocopy.py).

A filter belongs to one connection and one direction: Pipeline.sent_filter, .received_filter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from .loop import Scheduler, Timer


class Writer(Protocol):
    """What a filter passes on to. Nothing is passed on after an end or an error."""

    def put(self, *pieces: bytes) -> None:
        """Write these, each by itself, after what waits."""
        ...

    def end(self) -> None:
        """Pass on EOF after what waits. Nothing more is read."""
        ...

    def fail(self, error: OSError) -> None:
        """Treat the source as broken, after what waits.

        Both sides of a relay get RST then, once what was written is acknowledged.
        """
        ...

    def look(self) -> None:
        """Ask for the room again: it has changed, and nothing is passed on."""
        ...

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call once; the filter cancels it in stop()."""
        ...


class Filter(Protocol):
    """What stands between a reader and a writer."""

    @property
    def room(self) -> int:
        """Bytes that may be read now; asked before each read, and after each call of put().

        What it holds itself is its own affair: while there is none, nothing is read.
        """
        ...

    def start(self, writer: Writer) -> None:
        """Begin; told once, before all else."""
        ...

    def data(self, data: bytes) -> None:
        """These bytes were read; never none."""
        ...

    def end(self) -> None:
        """The source has ended."""
        ...

    def failed(self, error: OSError) -> None:
        """The source has broken (RST)."""
        ...

    def stop(self) -> None:
        """The direction is over: pass on nothing more, and cancel every timer. Idempotent."""
        ...


class Seam:
    """A filter in its flow: the filter's Writer, and what the flow asks.

    Arguments:
        loop: calls back.
        found: what is between reader and writer.
        take: puts pieces behind what waits to be written.
        flush: writes what can be written.
        end: ends the reading.
        fail: fails as a source does.
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
        #: Whether the flow is telling the filter something, and will flush by itself.
        self._telling = False

    @property
    def room(self) -> int:
        """Bytes that may be read now."""
        return self._filter.room

    def start(self) -> None:
        """Begin."""
        self._tell(lambda: self._filter.start(self))

    def stop(self) -> None:
        """Pass on nothing more. Idempotent."""
        self.ended = True
        self._filter.stop()
        # They hold one another: without this it would take the collector to part them.
        self._take, self._flush, self._end, self._fail = _drop, _ignore, _ignore, _drop

    # What the flow has read.

    def data(self, data: bytes) -> None:
        """These bytes were read."""
        if data and not self.ended:
            self._tell(lambda: self._filter.data(data))

    def source_ended(self) -> None:
        """The source has ended."""
        if not self.ended:
            self._tell(self._filter.end)

    def source_failed(self, error: OSError) -> None:
        """The source has broken."""
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
        """Write these, each by itself, after what waits."""
        if not self.ended:
            for piece in pieces:
                self._take(piece)
            self._go_on()

    def end(self) -> None:
        """Pass on EOF after what waits."""
        if not self.ended:
            self.ended = True
            self._end()
            self._go_on()

    def fail(self, error: OSError) -> None:
        """Treat the source as broken, after what waits."""
        if not self.ended:
            self.ended = True
            self._fail(error)

    def look(self) -> None:
        """Ask for the room again."""
        if not self.ended:
            self._go_on()

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call once."""
        return self._loop.call_later(seconds, callback)

    def _go_on(self) -> None:
        if not self._telling:
            self._flush()


def _drop(_: object) -> None:
    """It is over."""


def _ignore() -> None:
    """It is over."""
