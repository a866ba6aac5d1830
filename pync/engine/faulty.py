"""A connection over a faulty line: its two directions as filters of the relay (seam.py).

layers/faultline.py decides what is lost, changed or late. This module has the clock and the timers,
and connects the two directions: without half-close, the end of one direction ends both. An EOF
that was "lost" is still passed on when the other direction has ended, or has lost its EOF too.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from ..core.broken import FaultError
from ..core.fault import DOWN, STREAMS, UP
from ..layers.faultline import Ending, FaultLine
from ..layers.faulttable import FaultTable
from .loop import Timer
from .seam import Writer


class FaultyConnection:
    """The two directions of one connection.

    Arguments:
        table: the faults that are switched on; they may change.
        number: the connection's number.
        clock: returns seconds; the table's clock is the same.
    """

    def __init__(
        self, table: FaultTable, number: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.number = number
        self._table = table
        self._clock = clock
        self.up = FaultyDirection(self._line(UP), clock)
        self.down = FaultyDirection(self._line(DOWN), clock)
        self.up.other, self.down.other = self.down, self.up

    def change(self) -> None:
        """Apply the faults that the table has now."""
        for way, direction in ((UP, self.up), (DOWN, self.down)):
            direction.line.change(self._table.of(self.number, way, STREAMS))
            direction.pump()

    def cut(self) -> None:
        """End both directions by FIN now. Bytes on the way are lost."""
        for direction in (self.up, self.down):
            direction.finish(Ending.FIN)

    def reset(self) -> None:
        """End both directions by RST now."""
        self.up.finish(Ending.RST)
        self.down.finish(Ending.RST)

    def _line(self, way: str) -> FaultLine:
        table, number = self._table, self.number
        return FaultLine(
            table.of(number, way, STREAMS),
            lambda one: table.random(one, number, way),
            self._clock(),
        )


class FaultyDirection:
    """One direction: a Filter.

    Arguments:
        line: the faults of the line.
        clock: returns seconds.
    """

    def __init__(self, line: FaultLine, clock: Callable[[], float]) -> None:
        self.line = line
        self.other: FaultyDirection
        #: Whether an end was passed on, or the relay has stopped this direction.
        self.is_over = False
        self._has_ended = False
        self._broken: OSError | None = None
        self._clock = clock
        self._writer: Writer | None = None
        self._timer: Timer | None = None

    # Calls of the relay (seam.Filter).

    @property
    def room(self) -> int:
        """The number of bytes that may be read now; 0: none."""
        return self.line.room(self._clock())

    def start(self, writer: Writer) -> None:
        """Start to pass on bytes."""
        self._writer = writer
        self.pump()

    def data(self, data: bytes) -> None:
        """Put bytes that were read on the line."""
        self.line.put(data, self._clock())
        self.pump()

    def end(self) -> None:
        """Put the source's end on the line."""
        self._ends(Ending.FIN)

    def failed(self, error: OSError) -> None:
        """Put the source's failure on the line, as an RST."""
        self._broken = error
        self._ends(Ending.RST)

    def stop(self) -> None:
        """Pass on nothing more. Idempotent."""
        self.is_over = True
        self._writer = None
        self._cancel()
        self.other.pump()

    @property
    def _has_lost_its_end(self) -> bool:
        """Whether the source has ended, and everything except this end was passed on."""
        return self._has_ended and self.line.is_idle

    # Passing on.

    def finish(self, ending: Ending) -> None:
        """End now; bytes on the way are lost."""
        writer = self._writer
        if writer is not None and not self.is_over:
            self._pass_on(writer, ending)

    def pump(self) -> None:
        """Pass on what has arrived, and set the timer for what arrives next."""
        now = self._clock()
        self._cancel()
        for item in self.line.take(now):
            writer = self._writer
            if writer is None or self.is_over:
                return
            if isinstance(item, Ending):
                self._pass_on(writer, item)
                return
            writer.put(item)
        writer = self._writer
        if writer is None or self.is_over:
            return
        if self._has_lost_its_end and (self.other.is_over or self.other._has_lost_its_end):
            # The lost EOF does not matter any more: the other direction has ended, or has lost its
            # EOF too. In the second case that EOF follows, because stop() calls its pump().
            self._pass_on(writer, Ending.FIN)
            return
        next_time = self.line.next_time(now)
        if next_time is not None:
            self._timer = writer.call_later(max(0.0, next_time - now), self._wake)

    def _wake(self) -> None:
        self._timer = None
        self.pump()
        if self._writer is not None and not self.is_over:
            self._writer.look()

    def _ends(self, ending: Ending) -> None:
        self._has_ended = True
        self.line.end(ending, self._clock())
        self.pump()

    def _pass_on(self, writer: Writer, ending: Ending) -> None:
        self.is_over = True
        self._cancel()
        if ending is Ending.RST:
            writer.fail(self._broken or FaultError())
            return
        writer.end()
        if ending is Ending.CLOSE:
            self.other.finish(Ending.FIN)
        self.other.pump()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
