"""Looks now and then at what a target uses, and stops what is too much."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable, Sequence

from ..targets.cgroups import Group
from .limits import Family, Limits, end, excess, members, size_of

#: Seconds between two looks at what a target uses, and between two looks at the disk.
LOOK_INTERVAL, DISK_INTERVAL = 0.2, 1.0

#: Times that a target's processes are stopped for using too much before its run is.
MOST_STOPS = 5


#: What the kernel has done, by the controller that did it.
_SAID = {
    "memory": "the kernel ended a process at {0.memory} MiB of memory",
    "pids": "the kernel refused more than {0.processes} processes and threads",
}


class Watch:
    """Watches one target.

    Arguments:
        limits: what it may use.
        family: tells its processes.
        folders: where it may write; what is there already is not counted.
        group: in which the kernel enforces the limits of memory and processes, if it does.
        is_sure: nothing of the target can be elsewhere than in the group.
    """

    def __init__(
        self,
        limits: Limits,
        family: Callable[[], Family],
        folders: Sequence[str],
        group: Group | None = None,
        is_sure: bool = False,
    ) -> None:
        self._limits = limits
        self._family = family
        self._folders = folders
        self._before = self._size()
        self._written = 0
        self._next_size = 0.0
        self._group = group
        self._is_sure = is_sure
        self._refused = {"memory": 0, "pids": 0}

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
                # What the kernel refused since the last look.
                over = self._refusal()
                return [*stopped, over] if over else stopped
            if time.monotonic() >= until:
                return [*stopped, f"the run took more than {self._limits.time:g} s"]
            family = self._family()
            over = self._refusal() or self._excess(family)
            if over:
                # The scenario of the moment sees its server die; the others are judged yet.
                if self._group is not None:
                    self._group.kill()
                end(family)
                stopped.append(over)
                if len(stopped) == MOST_STOPS:
                    return [*stopped, f"that was {MOST_STOPS} times"]

    def _excess(self, family: Family) -> str | None:
        found = [] if self._group is not None and self._is_sure else members(family)
        return excess(found, self._limits, self._growth())

    def _refusal(self) -> str | None:
        """Return what the kernel has refused since this was asked last, in words."""
        said = None
        for controller, before in self._refused.items() if self._group is not None else ():
            assert self._group is not None
            now = self._group.refused(controller)
            if now > before:
                said = _SAID[controller].format(self._limits)
            self._refused[controller] = now
        return said

    def _growth(self) -> int:
        if time.monotonic() >= self._next_size:
            self._written = self._size() - self._before
            self._next_size = time.monotonic() + DISK_INTERVAL
        return self._written

    def _size(self) -> int:
        return sum(map(size_of, self._folders))
