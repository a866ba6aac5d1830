"""Detecting that a sink fails, or that its reader closes, while there is nothing to write."""

from __future__ import annotations

from ..core.typed import Callable
from .loop import Scheduler
from .protocols import Sink, fault_fds, gone_fds, reader_gone


def sink_watch(
    loop: Scheduler,
    sink: Sink,
    failed: Callable[[OSError], None],
    changed: Callable[[], None] | None,
) -> SinkWatch | Unwatched:
    """Return the watch of a sink; Unwatched for most, which report errors only when written."""
    if hasattr(sink, "fault_fds") or hasattr(sink, "gone_fds"):
        return SinkWatch(loop, sink, failed, changed)
    return _UNWATCHED


class Unwatched:
    """The watch of a sink without descriptors to watch."""

    __slots__ = ()

    #: See SinkWatch.
    reader_gone = False

    def start(self) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""


_UNWATCHED = Unwatched()


class SinkWatch:
    """The watch of the sink of one direction.

    Arguments:
        loop: watches the descriptors.
        sink: the sink.
        failed: called with an error.
        changed: called when the reader has closed; None: the reader is not watched.
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
        #: Whether the sink's reader has closed; no write has failed yet.
        self.reader_gone = False
        self._loop = loop
        self._sink = sink
        self._failed = failed
        self._changed = changed if changed is not None else tell_nobody
        self._watched = dict.fromkeys(fault_fds(sink), self._look_for_error)
        if changed is not None:
            self._watched.update(dict.fromkeys(gone_fds(sink), self._look_for_reader))

    def start(self) -> None:
        """Start to watch."""
        for descriptor, callback in self._watched.items():
            self._loop.watch_reader(descriptor, callback)

    def stop(self) -> None:
        """End the watch; idempotent."""
        for descriptor in self._watched:
            self._loop.watch_reader(descriptor, None)
        self._watched.clear()
        # Break the reference cycle with the flow now, not in the garbage collector.
        self._failed, self._changed = _ignore, tell_nobody

    def _look_for_error(self) -> None:
        try:
            self._sink.send(b"")
        except BlockingIOError:
            pass
        except OSError as error:
            self._failed(error)

    def _look_for_reader(self) -> None:
        # Watch for one event only: after a false alarm the descriptor would stay ready for ever.
        for descriptor in gone_fds(self._sink):
            self._loop.watch_reader(descriptor, None)
        self.reader_gone = reader_gone(self._sink)
        if self.reader_gone:
            self._changed()


def _ignore(_error: OSError) -> None:
    """Ignore calls after the end."""


def tell_nobody() -> None:
    """Ignore calls after the end."""
