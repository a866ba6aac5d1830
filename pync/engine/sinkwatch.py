"""A sink that fails, or whose reader leaves, while there is nothing to write to it."""

from __future__ import annotations

from collections.abc import Callable

from .loop import Scheduler
from .protocols import Sink, fault_fds, gone_fds, reader_gone


def sink_watch(
    loop: Scheduler,
    sink: Sink,
    failed: Callable[[OSError], None],
    changed: Callable[[], None] | None,
) -> SinkWatch | Unwatched:
    """What watches the sink, if there is anything to see: most tell only when they are written."""
    if hasattr(sink, "fault_fds") or hasattr(sink, "gone_fds"):
        return SinkWatch(loop, sink, failed, changed)
    return _UNWATCHED


class Unwatched:
    """A sink that has nothing to tell."""

    __slots__ = ()

    #: See SinkWatch.
    reader_gone = False

    def start(self) -> None:
        """Nothing begins."""

    def stop(self) -> None:
        """Nothing ends."""


_UNWATCHED = Unwatched()


class SinkWatch:
    """Watches the sink of one direction.

    Arguments:
        loop: watches the descriptors.
        sink: what is watched.
        failed: called with an error.
        changed: called when the reader has left; None: nobody wants to know.
    """

    __slots__ = (
        "_changed",
        "_failed",
        "_loop",
        "_sink",
        "_watched",
        "reader_gone",
    )

    def __init__(
        self,
        loop: Scheduler,
        sink: Sink,
        failed: Callable[[OSError], None],
        changed: Callable[[], None] | None,
    ) -> None:
        #: Whether the sink's reader has left; writing has not told yet.
        self.reader_gone = False
        self._loop = loop
        self._sink = sink
        self._failed = failed
        self._changed = changed if changed is not None else tell_nobody
        self._watched = dict.fromkeys(fault_fds(sink), self._look_for_error)
        if changed is not None:
            self._watched.update(dict.fromkeys(gone_fds(sink), self._look_for_reader))

    def start(self) -> None:
        """Begin to watch."""
        for descriptor, callback in self._watched.items():
            self._loop.watch_reader(descriptor, callback)

    def stop(self) -> None:
        """Watch no more; idempotent."""
        for descriptor in self._watched:
            self._loop.watch_reader(descriptor, None)
        self._watched.clear()
        # They hold us: without this it would take the collector to part us from the flow.
        self._failed, self._changed = _ignore, tell_nobody

    def _look_for_error(self) -> None:
        try:
            self._sink.send(b"")
        except BlockingIOError:
            pass
        except OSError as error:
            self._failed(error)

    def _look_for_reader(self) -> None:
        # Once is enough, and where it was a false alarm it would come again and again.
        for descriptor in gone_fds(self._sink):
            self._loop.watch_reader(descriptor, None)
        self.reader_gone = reader_gone(self._sink)
        if self.reader_gone:
            self._changed()


def _ignore(_error: OSError) -> None:
    """It is over."""


def tell_nobody() -> None:
    """It is over."""
