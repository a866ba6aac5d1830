"""When a source can be read: its descriptor is ready, or it holds bytes that wake nobody.

TLS decrypts more at once than one read takes, and a named pipe of Windows keeps whole messages:
no descriptor becomes ready for what such a source holds itself.
"""

from __future__ import annotations

from collections.abc import Callable

from .loop import Scheduler
from .protocols import Source


class SourceWatch:
    """Calls back while a source can be read.

    Arguments:
        loop: watches its descriptors.
        source: what is read.
        read: reads once, and calls watch() afterwards.
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
        #: The source's descriptors; none: it never has to be waited for.
        self.descriptors = source.read_fds()
        self._loop = loop
        self._read = read
        self._holds_bytes: Callable[[], bool] | None = getattr(source, "pending", None)
        self._reads = self._rereads = False

    def watch(self, reads: bool) -> None:
        """Whether to call back from now on; to be said after each read again."""
        if self._holds_bytes is not None and reads and not self._rereads and self._holds_bytes():
            self._rereads = True
            self._loop.call_later(0, self._read_again)
        if reads != self._reads:
            self._reads = reads
            for descriptor in self.descriptors:
                self._loop.watch_reader(descriptor, self._read if reads else None)

    def stop(self) -> None:
        """Call back no more. Idempotent."""
        self.watch(False)
        # They hold one another: without this it would take the collector to part them.
        self._read = _ignore

    def _read_again(self) -> None:
        self._rereads = False
        if self._reads:
            self._read()


def _ignore() -> None:
    """It is over."""
