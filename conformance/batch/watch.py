"""Looks now and then at what a target uses, and stops what is too much."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable, Sequence

from .limits import Family, Limits, end, excess, members, size_of

#: Seconds between two looks at what a target uses, and between two looks at the disk.
LOOK_INTERVAL, DISK_INTERVAL = 0.2, 1.0

#: Times that a target's processes are stopped for using too much before its run is.
MOST_STOPS = 5


class Watch:
    """Watches one target.

    Arguments:
        limits: what it may use.
        family: tells its processes.
        folders: where it may write; what is there already is not counted.
    """

    def __init__(
        self, limits: Limits, family: Callable[[], Family], folders: Sequence[str]
    ) -> None:
        self._limits = limits
        self._family = family
        self._folders = folders
        self._before = self._size()
        self._written = 0
        self._next_size = 0.0

    def until_its_end(
        self, process: subprocess.Popen[bytes], look: Callable[[], None]
    ) -> list[str]:
        """Wait for the end of the run, or for that of our patience; what had to be stopped.

        ``look`` is called now and then.
        """
        stopped: list[str] = []
        until = time.monotonic() + self._limits.time
        while True:
            look()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.01, min(LOOK_INTERVAL, until - time.monotonic())))
                return stopped
            if time.monotonic() >= until:
                return [*stopped, f"the run took more than {self._limits.time:g} s"]
            family = self._family()
            over = excess(members(family), self._limits, self._growth())
            if over:
                # The scenario of the moment sees its server die; the others are judged yet.
                end(family)
                stopped.append(over)
                if len(stopped) == MOST_STOPS:
                    return [*stopped, f"that was {MOST_STOPS} times"]

    def _growth(self) -> int:
        if time.monotonic() >= self._next_size:
            self._written = self._size() - self._before
            self._next_size = time.monotonic() + DISK_INTERVAL
        return self._written

    def _size(self) -> int:
        return sum(map(size_of, self._folders))
