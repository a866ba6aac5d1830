"""Identify the process that has made something, and whether it has ended since (Linux)."""

from __future__ import annotations

import os
from pathlib import Path


def owner(pid: int | None = None) -> str:
    """Return a unique name of a process (None: this one), although pids are reused; "" if ended.

    The name consists of the pid, the start time (proc(5)) and the pid namespace.
    """
    try:
        stat = Path(f"/proc/{pid or os.getpid()}/stat").read_text()
        namespace = os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        return ""
    return f"{pid or os.getpid()}.{stat.rpartition(')')[2].split()[19]}.{namespace}"


def is_gone(before: str) -> bool:
    """Return whether the process named by owner() has ended; False if that is not known."""
    parts = before.split(".")
    if len(parts) != 3 or not all(one.isdigit() for one in parts):
        return False
    return owner().rpartition(".")[2] == parts[2] and owner(int(parts[0])) != before
