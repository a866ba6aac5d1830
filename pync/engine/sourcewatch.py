"""Watching a source: it can be read when a descriptor is ready, or when it has buffered bytes.

TLS decrypts more at once than one read returns, and a named pipe of Windows keeps whole messages:
no descriptor becomes ready for bytes that the source itself has buffered.

A source with ``ping_interval`` (WebSocket) is pinged while it is watched. A source with
``said_close`` calls it when our Close frame was sent: after that the wait for its end is limited.
"""

from __future__ import annotations

from ..core.typed import Callable
from .loop import Scheduler, Timer
from .protocols import Source

#: Seconds of silence after our Close frame until the wait for the peer's end is over.
CLOSING = 10.0


class SourceWatch:
    """The watch of a source: calls back while the source can be read.

    Arguments:
        loop: watches its descriptors.
        source: the source.
        read: called to read once; it calls watch() afterwards.
    """

    __slots__ = (
        "_holds_bytes",
        "_loop",
        "_pinging",
        "_read",
        "_reads",
        "_rereads",
        "_source",
        "descriptors",
    )

    def __init__(self, loop: Scheduler, source: Source, read: Callable[[], None]) -> None:
        #: The source's descriptors; empty if reading never has to wait.
        self.descriptors = source.read_fds()
        self._loop = loop
        self._read = read
        self._holds_bytes: Callable[[], bool] | None = getattr(source, "pending", None)
        self._reads = self._rereads = False
        self._source = source
        self._pinging: Timer | None = None
        if hasattr(source, "said_close"):
            source.said_close = self._await_close
        interval: float | None = getattr(source, "ping_interval", None)
        if interval is not None:
            self._pinging = loop.call_every(interval, self._ping)

    def watch(self, reads: bool) -> None:
        """Start or end the watch; must be called again after each read of a layer."""
        if self._holds_bytes is not None and reads and not self._rereads and self._holds_bytes():
            self._rereads = True
            self._loop.call_later(0, self._read_again)
        if reads != self._reads:
            self._reads = reads
            for descriptor in self.descriptors:
                self._loop.watch_reader(descriptor, self._read if reads else None)

    def stop(self) -> None:
        """End the watch. Idempotent."""
        self.watch(False)
        if self._pinging is not None:
            self._pinging.cancel()
            self._pinging = None
        if hasattr(self._source, "said_close"):
            self._source.said_close = None
        # Break the reference cycle now, not in the garbage collector.
        self._read = _ignore

    def _read_again(self) -> None:
        self._rereads = False
        if self._reads:
            self._read()

    def _ping(self) -> None:
        ping: Callable[..., None] = self._source.ping  # type: ignore[attr-defined]
        # If the source is not read now, the answer may be among the unread bytes.
        ping(answered=not self._reads)
        self.watch(self._reads)

    def _await_close(self) -> None:
        if self._pinging is not None:
            self._pinging.cancel()
        self._pinging = self._loop.call_every(CLOSING, self._stop_waiting)

    def _stop_waiting(self) -> None:
        stop_waiting: Callable[[], None] = self._source.stop_waiting  # type: ignore[attr-defined]
        if self._reads:
            stop_waiting()
            self.watch(True)


def _ignore() -> None:
    """Ignore calls after the end."""
