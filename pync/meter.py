"""The progress that --progress draws on a terminal's standard error, by tqdm.

Loaded only when it is asked for and somebody can see it.
"""

from __future__ import annotations

import os
from typing import Any

from .core.closing import Closing
from .core.errors import UsageError
from .core.events import Progressed


class Meter(Closing):
    """A bar, when it is known how much there is, or else a count and a rate.

    Arguments:
        descriptor: a terminal.

    Raises UsageError when tqdm is not there.
    """

    def __init__(self, descriptor: int) -> None:
        try:
            from tqdm import std
        except ImportError:
            raise UsageError("--progress needs tqdm: pip install tqdm") from None
        # Without the thread that would redraw a bar that nobody updates: ours is updated.
        bar: Any = type("Bar", (std.tqdm,), {"monitor_interval": 0})
        # With a lock of its own: tqdm's default one is for processes too, and to make it
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
        """Draw how far it is: what moves more is what is followed."""
        follows_sent = progress.total is not None or progress.sent >= progress.received
        self._bar.total = progress.total
        self._bar.set_description_str("sent" if follows_sent else "received", refresh=False)
        moved = progress.sent if follows_sent else progress.received
        self._bar.update(moved - self._bar.n)
        self._bar.refresh()

    def close(self) -> None:
        """End the line that was drawn; idempotent."""
        if not self._file.closed:
            self._bar.close()
            self._file.close()
