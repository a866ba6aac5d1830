"""The progress bar of --progress on standard error, by tqdm.

Loaded only with --progress and when standard error is a terminal.
"""

from __future__ import annotations

import os

from .core.closing import Closing
from .core.errors import UsageError
from .core.events import Progressed
from .core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any


class Meter(Closing):
    """A bar if the total is known; otherwise a count and a rate.

    Arguments:
        descriptor: a terminal.

    Raises UsageError when tqdm is not installed.
    """

    def __init__(self, descriptor: int) -> None:
        try:
            from tqdm import std
        except ImportError:
            raise UsageError("--progress needs tqdm: pip install tqdm") from None
        # Without the thread that redraws a bar without updates: ours is updated.
        bar: Any = type("Bar", (std.tqdm,), {"monitor_interval": 0})
        # With a lock of its own: tqdm's default lock is for processes too, for which
        # multiprocessing starts a process that stays (its resource tracker, in Python 3.14).
        bar.set_lock(std.TRLock())
        self._file = os.fdopen(os.dup(descriptor), "w", encoding="utf-8", errors="replace")
        try:
            self._bar = bar(
                file=self._file,
                unit="B",
                unit_scale=True,
                unit_divisor=1024,
                dynamic_ncols=True,
                mininterval=0,
                miniters=1,
            )
        except BaseException:
            self._file.close()
            raise

    def show(self, progress: Progressed) -> None:
        """Draw the progress of the direction with more bytes, or of sending if it has a total."""
        follows_sent = progress.total is not None or progress.sent >= progress.received
        self._bar.total = progress.total
        self._bar.set_description_str("sent" if follows_sent else "received", refresh=False)
        moved = progress.sent if follows_sent else progress.received
        self._bar.update(moved - self._bar.n)
        self._bar.refresh()

    def close(self) -> None:
        """End the bar's line; idempotent."""
        if not self._file.closed:
            self._bar.close()
            self._file.close()
