"""Check regularly what a target uses, and stop it if it exceeds a limit."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Sequence

from ..targets.cgroups import Group
from .limits import Family, Limits, end, excess, members, size_of

#: Seconds between two checks of what a target uses, and between two checks of the disk.
LOOK_INTERVAL, DISK_INTERVAL = 0.2, 1.0

#: How often a target's processes are killed for exceeding a limit before its run is stopped.
MOST_STOPS = 5


#: Controller -> the message about what the kernel has done.
_SAID = {
    "memory": "the kernel ended a process at {0.memory} MiB of memory",
    "pids": "the kernel refused more than {0.processes} processes and threads",
}


class Watch:
    """A watch over one target.

    Arguments:
        limits: the limits of the target.
        family: returns the ancestors of its processes.
        folders: where it may write; existing files are not counted.
        group: the control group that enforces the limits of memory and processes, if there is one.
        is_sure: whether the target is in a box: then none of its processes can be outside the
            group, and no process of this pid namespace belongs to it.
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
        """Wait until the run has ended or must be stopped; return the reasons for all stops.

        ``look`` is called regularly.
        """
        stopped: list[str] = []
        until = time.monotonic() + self._limits.time
        while True:
            look()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.01, min(LOOK_INTERVAL, until - time.monotonic())))
                # What the kernel has refused since the last check.
                over = self._refusal()
                return [*stopped, over] if over else stopped
            if time.monotonic() >= until:
                return [*stopped, f"the run took more than {self._limits.time:g} s"]
            family = self._family()
            over = self._refusal() or self._excess(family)
            if over:
                # The current scenario reports that its server died; the others are still judged.
                if self._group is not None:
                    self._group.kill()
                end(family)
                stopped.append(over)
                if len(stopped) == MOST_STOPS:
                    return [*stopped, f"that was {MOST_STOPS} times"]

    def _excess(self, family: Family) -> str | None:
        found = [] if self._group is not None and self._is_sure else members(family)
        if self._is_sure:
            found = [one for one in found if not _has_our_numbers(one.pid)]
        return excess(found, self._limits, self._growth())

    def _refusal(self) -> str | None:
        """Return what the kernel has refused since the last call, in words."""
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


def _has_our_numbers(pid: int) -> bool:
    """Return whether a process is in this pid namespace; False if that cannot be found out."""
    with contextlib.suppress(OSError):
        return os.readlink(f"/proc/{pid}/ns/pid") == os.readlink("/proc/self/ns/pid")
    return False
