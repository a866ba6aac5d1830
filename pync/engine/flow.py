"""One direction: from a source to a sink, with a bounded buffer between them.

It reads when there is room, converts, and writes when the sink is ready. direction.py has its
states as a table; relay.py decides when the relay ends. Datagrams stay whole: one read, one write.
"""

from __future__ import annotations

import time

from ..core.typed import TYPE_CHECKING, Callable
from ..waiting.readiness import may_block
from .direction import DRAINING, OPEN, after, is_over
from .loop import Scheduler
from .pending import BURST, READ, READ_DATAGRAM, Pending
from .protocols import Convert, Mover, Sink, Source, has_ended
from .sinkwatch import sink_watch, tell_nobody
from .sourcewatch import SourceWatch

if TYPE_CHECKING:
    from ..core.until import Condition
    from ..layers.delimiter import Cutter
    from .direction import FailedEnd
    from .pace import Pace
    from .seam import Filter, Seam


class Flow:
    """One direction of a relay.

    Arguments:
        loop: watches the descriptors.
        source: the end that is read.
        sink: the end that is written.
        changed: called when bytes have moved, or the state or the error has changed.
        convert: a layer, from bytes read to bytes written.
        cutter: cuts the bytes read into messages, each sent by a write of its own.
        pace: how fast to write.
        until: says when enough has been read; the flow then treats the source as ended.
        tap: called with the bytes that will be written.
        between: a filter that decides which of these bytes are written, and when.
        mover: a fast path, tried first.
    """

    def __init__(
        self,
        loop: Scheduler,
        source: Source,
        sink: Sink,
        changed: Callable[[], None],
        *,
        convert: Convert | None = None,
        cutter: Cutter | None = None,
        pace: Pace | None = None,
        until: Condition | None = None,
        tap: Callable[[bytes], None] | None = None,
        between: Filter | None = None,
        mover: Mover | None = None,
    ) -> None:
        self.state = OPEN
        #: Whether nothing more will move.
        self.over = False
        self.error: OSError | None = None
        #: The end that the error is from: ``source`` or ``sink``.
        self.failed_end: FailedEnd = ""
        #: Bytes delivered.
        self.moved = 0
        #: Whether enough has been read (``until``).
        self.satisfied = False
        self._loop, self._source, self._sink, self._changed = loop, source, sink, changed
        self._convert, self._cutter, self._pace = convert, cutter, pace
        self._until, self._tap, self._mover = until, tap, mover
        self._seam: Seam | None = None
        if between is not None:
            from .seam import Seam

            self._seam = Seam(loop, between, self._take, self._flush, self._cut, self.fail)
        self._source_watch = SourceWatch(loop, source, self._read)
        self._sink_watch = sink_watch(loop, sink, lambda error: self.fail(error, "sink"), changed)
        # _waits_to_write: whether the loop watches the sink.
        self._held = self._waits_for_sink = self._waits_to_write = False
        self._size = READ_DATAGRAM if sink.datagram and not source.datagram else READ
        self._burst = BURST if source.datagram and not getattr(sink, "keeps_apart", 0) else 1
        together = self._burst > 1 and not sink.datagram and cutter is None and pace is None
        self._pending = Pending(gathers=together)

    @property
    def waits_for_source(self) -> bool:
        """Whether everything that was read is written, and the source may send more."""
        return self.state == OPEN and not self._pending and not self._waits_for_sink

    @property
    def reader_gone(self) -> bool:
        """Whether the sink's reader has closed; no write has failed yet."""
        return self._sink_watch.reader_gone

    @property
    def begun(self) -> bool:
        """Whether anything was read from the source."""
        holds = self._mover is not None and self._mover.holds
        return holds or self.moved > 0 or bool(self._pending)

    def start(self) -> None:
        """Start to move bytes."""
        self._sink_watch.start()
        if self._seam is not None:
            self._seam.start()
        self._arrange()
        if not self._source_watch.descriptors:
            self._read()

    def take(self, data: bytes) -> None:
        """Write bytes first that were read from the source before this flow began."""
        self._drop_mover()
        self._take(data)

    def end_source(self) -> None:
        """Treat the source as ended: write what was read, then end the direction."""
        if self.state == OPEN:
            if self._mover is not None:
                self._take(self._mover.leftover())
            self._drop_mover()
            self._end_reading()
            self._flush()

    def stop(self) -> None:
        """Move nothing more; drop what is not written yet."""
        if not self.over:
            self._step("failed")
        self._pending.clear()
        self._drop_mover()
        if self._waits_to_write:
            self._arrange()
        # Break the reference cycle with the relay now, not in the garbage collector.
        self._changed = tell_nobody

    # Reading.

    def _read(self) -> None:
        if self._mover is not None:
            self._move(self._mover)
            return
        for number in range(self._burst):
            try:
                data = self._source.recv(self._room() or 1)
            except (BlockingIOError, InterruptedError):
                if number:
                    break
                self._arrange()  # a layer may hold bytes although this read returned none
                return
            except OSError as error:
                self.fail(error, "source")
                return
            if not data and (not self._source.datagram or has_ended(self._source)):
                self._end_reading()
            else:
                self._receive(data)
            if self.state != OPEN or not self._room():
                break
        self._flush()

    def _receive(self, data: bytes) -> None:
        end = self._until.end(data) if self._until is not None else None
        if end is not None:
            data, self.satisfied = data[:end], True
        data = self._convert(data) if self._convert else data
        if self._tap is not None and data:
            self._tap(data)
        (self._take if self._seam is None else self._seam.data)(data)
        if self.satisfied:
            self._end_reading()

    def _end_reading(self) -> None:
        self._step("source_eof")
        if self._seam is not None:
            self._seam.source_ended()
        elif self._cutter is not None:
            self._pending.add(self._cutter.rest())

    def _cut(self) -> None:
        """End the direction for the filter, whether or not the source has ended."""
        if self.state == OPEN:
            self._step("source_eof")
        if self._cutter is not None:
            self._pending.add(self._cutter.rest())

    def _room(self) -> int:
        """Return the number of bytes that may be read now."""
        room = self._size if self._pending.has_room else 0
        return room if self._seam is None else min(room, self._seam.room)

    def _take(self, data: bytes) -> None:
        messages = self._cutter.cut(data) if self._cutter is not None else [data]
        if self._pace is not None:
            messages = [piece for message in messages for piece in self._pace.pieces(message)]
        self._pending.add(messages)

    def _move(self, mover: Mover) -> None:
        try:
            moved = mover.move()
        except (BlockingIOError, InterruptedError):
            # Either end may not be ready: wait for each in turn. (With bytes held, it is the sink.)
            self._waits_for_sink = mover.holds or not self._waits_for_sink
            self._arrange()
            return
        except OSError as error:
            # The kernel reports a socket's error only once, so it must be recorded here.
            self._take(mover.leftover())
            self._drop_mover()
            self.fail(error, mover.fault(error))
            return
        if moved:
            self.moved += moved
            # Write the rest first: no more may come for long. (A layer may hold more, or the end.)
            self._waits_for_sink = mover.holds or self._waits_for_sink
            if self._waits_for_sink or mover.layered:
                self._arrange()
            self._changed()
            return
        # EOF or "not handled": the slow path finds out which, at once if reading cannot block.
        self._take(mover.leftover())
        self._drop_mover()
        if mover.ended:
            self._end_reading()
        elif moved == 0 and not self._pending and not may_block(self._source_watch.descriptors[0]):
            self._read()
            return
        self._flush()

    def _drop_mover(self) -> None:
        if self._mover is not None:
            if self._waits_to_write:  # for the mover
                self._loop.watch_writer(self._sink.write_fd(), None)
                self._waits_to_write = False
            self._mover.close()
            self._mover = None
            self._waits_for_sink = False

    # Writing.

    def _flush(self) -> None:
        try:
            while self._pending and not self._held:
                self._write_one()
        except (BlockingIOError, InterruptedError):
            pass
        except OSError as error:
            self.fail(error, "sink")
            return
        if self.state == DRAINING and not self._pending and (not self._seam or self._seam.ended):
            self._step("drained")
        if not self.over or self._waits_to_write:
            self._arrange()
        self._changed()

    def _write_one(self) -> None:
        piece = self._pending.first()
        written = self._sink.send(piece)
        self.moved += written
        if written < len(piece) and not self._sink.datagram:
            self._pending.written(written)
            return
        # The rest of a datagram is not sent: it would be another datagram.
        self._pending.written(len(piece))
        if self._pace is not None:
            self._hold(self._pace.pause(len(piece), time.monotonic()))

    def _hold(self, seconds: float) -> None:
        def release() -> None:
            self._held = False
            if not self.over:
                self._flush()

        self._held = True
        self._loop.call_later(seconds, release)

    def fail(self, error: OSError, end: FailedEnd = "source") -> None:
        """Break the direction; if the source failed, deliver the bytes read before."""
        if end == "source" and self._seam is not None and not self._seam.ended:
            # The filter decides when the error is passed on.
            if self.state == OPEN:
                self._step("source_eof")
            self._arrange()
            self._seam.source_failed(error)
            return
        if self.error is None:
            self.error, self.failed_end = error, end
        if end == "source" and self._pending:
            # The bytes read before the source broke are still delivered.
            if self.state == OPEN:
                self._end_reading()
            self._flush()
            return
        changed = self._changed
        self.stop()
        changed()

    def _step(self, event: str) -> None:
        self.state = after(self.state, event)
        self.over = is_over(self.state)
        if self.over:
            self._sink_watch.stop()
            self._source_watch.stop()
            if self._seam is not None:
                self._seam.stop()

    def _arrange(self) -> None:
        """Watch the descriptors that can make progress, and no others."""
        reading = self.state == OPEN and self._room() > 0
        writing = bool(self._pending) and not self._held and not self.over
        on_writable = self._flush
        if self._mover is not None:
            writing = reading and self._waits_for_sink
            reading = reading and not self._waits_for_sink
            on_writable = self._read
        self._source_watch.watch(reading)
        if writing != self._waits_to_write:
            self._waits_to_write = writing
            self._loop.watch_writer(self._sink.write_fd(), on_writable if writing else None)
