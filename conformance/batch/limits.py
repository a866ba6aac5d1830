"""What one target of a class may use: time, memory, processes; and who belongs to it.

A process belongs to a target when it descends from its judge, or when it carries the target's
mark in its environment: a daemon has left the family and keeps the mark. Memory and the number
of processes are watched (RLIMIT_NPROC counts a user's, and RLIMIT_AS stops programs that only
reserve); per process the kernel sets a bound of its own (RLIMIT_DATA), for what grows faster
than anybody looks. Nothing here knows of pytest or of verdicts.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import NamedTuple

#: The variable that marks what belongs to a target.
MARK = "CONFORMANCE_MARK"

#: The suite's own helper, which ends what is left when the suite is killed.
_REAPER = b"helpers/reaper.py"

#: What a process may reserve, as a multiple of what its family may use.
RESERVED_FACTOR = 4

#: Rounds in which everything must have ended; a fork bomb takes a few.
KILL_ROUNDS = 50


class Limits(NamedTuple):
    """``time`` in seconds for the whole target, ``memory`` in MiB and ``processes`` at once."""

    time: float = 600.0
    memory: int = 2048
    processes: int = 1024


class Member(NamedTuple):
    """One process of a target."""

    pid: int
    group: int
    memory: int


def bound(pid: int, limits: Limits) -> None:
    """Have the kernel bound a process and all that it will start, where it can."""
    if not sys.platform.startswith("linux"):
        return
    import resource

    # RLIMIT_DATA counts a thread's stack whole (8 MiB), of which little is ever used.
    size = limits.memory * 1024 * 1024 * RESERVED_FACTOR
    for kind, most in (
        (resource.RLIMIT_DATA, size),
        (resource.RLIMIT_FSIZE, size),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.prlimit(pid, kind)[1]
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.prlimit(pid, kind, (least, least))


def members(judge: int, mark: str) -> list[Member]:
    """The processes of a target, without its judge (Linux; elsewhere nobody can be seen)."""
    if not sys.platform.startswith("linux"):
        return []
    parents: dict[int, int] = {}
    found: dict[int, Member] = {}
    marked: set[int] = set()
    wanted = f"{MARK}={mark}".encode()
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            stat = Path(f"/proc/{entry}/stat").read_bytes()
            words = Path(f"/proc/{entry}/cmdline").read_bytes()
            environment = Path(f"/proc/{entry}/environ").read_bytes()
        except OSError:
            continue  # it has gone, or is somebody else's
        # proc(5): the command may hold blanks and parentheses; fields follow the last ")".
        fields = stat[stat.rindex(b")") + 2 :].split()
        if fields[0] in (b"Z", b"X") or _REAPER in words:
            continue
        pid = int(entry)
        parents[pid] = int(fields[1])
        found[pid] = Member(pid, int(fields[2]), _own_memory(pid))
        if wanted in environment.split(b"\0"):
            marked.add(pid)
    return [
        member
        for pid, member in found.items()
        if pid != judge and (pid in marked or _descends(pid, judge, parents))
    ]


def _descends(pid: int, ancestor: int, parents: dict[int, int]) -> bool:
    seen = set()
    while pid in parents and pid not in seen:
        seen.add(pid)
        pid = parents[pid]
        if pid == ancestor:
            return True
    return False


def _own_memory(pid: int) -> int:
    """Bytes that are resident and shared with nobody's file."""
    try:
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
    except OSError:
        return 0
    return (int(resident) - int(shared)) * _PAGE


_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def excess(found: list[Member], limits: Limits) -> str | None:
    """What they use too much of, in words; None when it is nothing."""
    if len(found) > limits.processes:
        return f"{len(found)} processes, more than {limits.processes}"
    memory = sum(member.memory for member in found) // (1024 * 1024)
    if memory > limits.memory:
        return f"{memory} MiB of memory, more than {limits.memory}"
    return None


def end(judge: int, mark: str) -> None:
    """Kill all of a target's processes, and whatever they start meanwhile."""
    for _ in range(KILL_ROUNDS):
        found = members(judge, mark)
        if not found:
            return
        ours = os.getpgrp()
        for group in {member.group for member in found} - {ours, _group_of(judge)}:
            # A whole group at once: what breeds must not outrun us.
            _send(os.killpg, group)
        for member in found:
            _send(os.kill, member.pid)
        time.sleep(0.01)


def _group_of(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except OSError:
        return pid


def _send(how, whom: int) -> None:  # type: ignore[no-untyped-def]
    with contextlib.suppress(OSError):
        how(whom, signal.SIGKILL)
