"""Whose it is that lies about: what a process has made that may have been killed since (Linux)."""

from __future__ import annotations

import os
from pathlib import Path


def owner(pid: int | None = None) -> str:
    """What tells a process, or this one, from all others that have had its number; "" when gone.

    The number, the moment of its start (proc(5)), and in whose numbers it is one.
    """
    try:
        stat = Path(f"/proc/{pid or os.getpid()}/stat").read_text()
        namespace = os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        return ""
    return f"{pid or os.getpid()}.{stat.rpartition(')')[2].split()[19]}.{namespace}"


def is_gone(before: str) -> bool:
    """Whether the process that owner() told from others has ended; no where that is not known."""
    parts = before.split(".")
    if len(parts) != 3 or not all(one.isdigit() for one in parts):
        return False
    return owner().rpartition(".")[2] == parts[2] and owner(int(parts[0])) != before
