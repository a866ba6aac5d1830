"""Watching a source: it can be read when a descriptor is ready, or when it has buffered bytes.

TLS decrypts more at once than one read returns, and a named pipe of Windows keeps whole messages:
no descriptor becomes ready for bytes that the source itself has buffered.
"""

from __future__ import annotations

from collections.abc import Callable

from .loop import Scheduler
from .protocols import Source


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
        "_read",
        "_reads",
        "_rereads",
        "descriptors",
    )

    def __init__(self, loop: Scheduler, source: Source, read: Callable[[], None]) -> None:
        #: The source's descriptors; empty if reading never has to wait.
        self.descriptors = source.read_fds()
        self._loop = loop
        self._read = read
        self._holds_bytes: Callable[[], bool] | None = getattr(source, "pending", None)
        self._reads = self._rereads = False

    def watch(self, reads: bool) -> None:
        """Start or end the watch; must be called again after each read."""
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
        # Break the reference cycle now, not in the garbage collector.
        self._read = _ignore

    def _read_again(self) -> None:
        self._rereads = False
        if self._reads:
            self._read()


def _ignore() -> None:
    """Ignore calls after the end."""
