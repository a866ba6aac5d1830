"""Sending to one sink of a loop: what fits is sent at once, the rest waits in a queue until the
sink is writable.

The queue is a separate object: a SendBuffer, or one client's position in the bytes that all clients
are sent (programs/broker/backlog.py). A Flow has a queue of its own, which keeps datagrams apart.
"""

from __future__ import annotations

from collections.abc import Callable

from ..core.typed import Protocol
from ..layers.sendbuffer import SendBuffer
from .loop import Scheduler
from .protocols import Sink, send_eof
from .sinkwatch import sink_watch

#: Bytes that are sent without a pause before the loop serves others.
TURN = 256 * 1024

#: High-water mark: bytes that may wait before their producer should pause; the same as in asyncio.
HIGH_WATER = 64 * 1024


class Queue(Protocol):
    """The bytes that wait, in order."""

    @property
    def size(self) -> int:
        """Bytes that wait, as the high-water mark counts them."""

    def next(self) -> bytes | memoryview:
        """Return the next bytes to send; empty when none wait."""

    def sent(self, count: int, /) -> None:
        """Remove so many of these bytes: they were sent."""

    def clear(self) -> None:
        """Drop everything."""


class Outbox:
    """A queue in front of a stream that may accept fewer bytes than are sent to it.

    The callbacks may use the outbox again. None is called after stop().

    Arguments:
        loop: watches the sink while something waits for it.
        sink: non-blocking.
        failed: called once with the error when nothing more can be sent; the bytes that waited
            are dropped. An exception that it raises passes through put(), flush(), put_eof() or
            the loop.
        sent: called by the loop (never by put, flush or put_eof) after some of the waiting bytes
            were sent.
        reader_left: called when the sink's reader has closed although no write has failed yet.
        queue: the bytes to send; put() needs a SendBuffer, which is the default.
        high_water, low_water: see is_full. The low-water mark is the high one if not given.
    """

    def __init__(
        self,
        loop: Scheduler,
        sink: Sink,
        failed: Callable[[OSError], None],
        sent: Callable[[], None] | None = None,
        *,
        reader_left: Callable[[], None] | None = None,
        queue: Queue | None = None,
        high_water: int = HIGH_WATER,
        low_water: int | None = None,
    ) -> None:
        #: Whether nothing more is sent: EOF was sent, sending has failed, or stop() was called.
        self.over = False
        #: Whether EOF was sent, and therefore all bytes before it.
        self.eof_sent = False
        self._loop = loop
        self._sink = sink
        self._failed = failed
        self._sent = sent
        self._queue = SendBuffer() if queue is None else queue
        self._high_water = high_water
        self._low_water = high_water if low_water is None else low_water
        self._full = self._sending = self._ends = False
        #: The descriptor that the loop watches, while something waits.
        self._watched: int | None = None
        self._sink_watch = sink_watch(loop, sink, self.fail, reader_left)
        self._sink_watch.start()

    @property
    def size(self) -> int:
        """Bytes that wait."""
        return self._queue.size

    @property
    def waits(self) -> bool:
        """Whether the next bytes are sent only when the loop finds the sink writable."""
        return self._watched is not None

    @property
    def is_full(self) -> bool:
        """Whether the producer of the bytes should pause.

        True above the high-water mark, and then until the size is down to the low-water mark.
        """
        self._full = self.size > (self._low_water if self._full else self._high_water)
        return self._full

    @property
    def reader_gone(self) -> bool:
        """Whether the sink's reader has closed; known only with ``reader_left``."""
        return self._sink_watch.reader_gone

    def put(self, data: bytes) -> None:
        """Send ``data`` after the bytes that wait; drop it when the outbox is over."""
        if data and not self.over:
            assert isinstance(self._queue, SendBuffer)
            self._queue.put(data)
            self.flush()

    def put_eof(self) -> None:
        """Send EOF after the bytes that wait; idempotent."""
        if not self._ends:
            self._ends = True
            self.flush()

    def flush(self) -> int:
        """Send what fits now; return how many bytes that was.

        The loop sends the rest; while it watches the sink, this method tries nothing.
        """
        return 0 if self.waits else self._flush()

    def fail(self, error: OSError) -> None:
        """Send nothing more, and report the error; idempotent."""
        if not self.over:
            failed = self._failed
            self.stop()
            failed(error)

    def stop(self) -> None:
        """Send nothing more; drop the bytes that wait. Idempotent."""
        if not self.over:
            self._end()
        # Break the reference cycle with the owner now, not in the garbage collector.
        self._failed, self._sent = _ignore, None

    def _flush(self) -> int:
        if self.over or self._sending:
            return 0
        total = 0
        self._sending = True
        try:
            while total < TURN:
                data = self._queue.next()
                if not data:
                    self._drained()
                    return total
                count = self._sink.send(data)
                self._queue.sent(count)
                total += count
            self._watch()
        except (BlockingIOError, InterruptedError):
            self._watch()
        except OSError as error:
            self.fail(error)
        finally:
            self._sending = False
        return total

    def _drained(self) -> None:
        if self._ends and not self.over:
            # A layer's EOF is bytes too (TLS's close_notify), and may have to wait.
            send_eof(self._sink)
            self.eof_sent = True
            self._end()
        else:
            self._unwatch()

    def _writable(self) -> None:
        if (self._flush() or self.eof_sent) and self._sent is not None:
            self._sent()

    def _end(self) -> None:
        self.over = True
        self._queue.clear()
        self._unwatch()
        self._sink_watch.stop()

    def _watch(self) -> None:
        if self._watched is None and not self.over:
            self._watched = self._sink.write_fd()
            self._loop.watch_writer(self._watched, self._writable)

    def _unwatch(self) -> None:
        if self._watched is not None:
            self._loop.watch_writer(self._watched, None)
            self._watched = None


def _ignore(_error: OSError) -> None:
    """Ignore calls after the end."""
