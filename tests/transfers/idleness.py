"""How long programs have made no progress, apart from the time that they wait for a processor."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

#: Seconds that count at most between two looks. When more have passed, this process itself has
#: waited for a processor, and so may have the programs.
STEP = 0.1

_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


class Idleness:
    """Measures it for some processes and all their descendants (Linux: /proc).

    Time counts while all of them sleep. For programs that do not sleep their CPU time counts.

    Arguments:
        pids: the processes.
    """

    def __init__(self, *pids: int) -> None:
        self._pids = pids
        self._looked_at = self._moved_at = time.monotonic()
        self._slept = self._used_before = 0.0

    def seconds(self, moved_at: float) -> float:
        """Seconds without progress so far; to be called at least every STEP.

        Arguments:
            moved_at: when the last progress was made (time.monotonic()).
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
    """The fields of /proc/PID/stat from the state on, of a process and its descendants."""
    folder = Path(f"/proc/{pid}")
    try:
        yield (folder / "stat").read_text().rpartition(")")[2].split()
        tasks = [task.read_text() for task in folder.glob("task/*/children")]
    except (FileNotFoundError, ProcessLookupError):
        return  # it has ended
    for child in " ".join(tasks).split():
        yield from _stats(int(child))
