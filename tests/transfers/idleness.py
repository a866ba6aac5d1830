"""How long programs have made no progress, without the time that they waited for a CPU."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

#: Seconds between two calls that count at most. If more have passed, this process itself has
#: waited for a CPU, and the programs may have waited too.
STEP = 0.1

_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


class Idleness:
    """Measures the idle time of processes and all their descendants (Linux: /proc).

    Elapsed time counts while all of them sleep. Otherwise their CPU time counts.

    Arguments:
        pids: the processes.
    """

    def __init__(self, *pids: int) -> None:
        self._pids = pids
        self._looked_at = self._moved_at = time.monotonic()
        self._slept = self._used_before = 0.0

    def seconds(self, moved_at: float) -> float:
        """Return the seconds without progress so far. Call it at least once per STEP.

        Arguments:
            moved_at: the time of the last progress (time.monotonic()).
        """
        stats = [stat for pid in self._pids for stat in _stats(pid)]
        used = sum(int(ticks) for stat in stats for ticks in stat[11:15]) / _TICKS
        now = time.monotonic()
        if moved_at > self._moved_at:
            self._moved_at, self._slept, self._used_before = moved_at, 0.0, used
        elif not any(stat[0] in "RD" for stat in stats):
            self._slept += min(now - self._looked_at, STEP)
        self._looked_at = now
        return max(self._slept, used - self._used_before)


def _stats(pid: int) -> Iterator[list[str]]:
    """The fields of /proc/PID/stat from the state on, for a process and its descendants."""
    folder = Path(f"/proc/{pid}")
    try:
        yield (folder / "stat").read_text().rpartition(")")[2].split()
        tasks = [task.read_text() for task in folder.glob("task/*/children")]
    except (FileNotFoundError, ProcessLookupError):
        return  # the process has ended
    for child in " ".join(tasks).split():
        yield from _stats(int(child))
