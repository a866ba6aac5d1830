"""What one target of a class may use: time, memory, processes; and who belongs to it.

Where there is a control group the kernel enforces memory and processes (targets/cgroups.py);
elsewhere, and where a server may leave its group, they are looked at.

A process belongs to a target when it descends from its judge, when this process has adopted it
(a daemon has lost its parent), or when it carries the target's mark in its environment. Memory,
the number of processes and the disk are watched (RLIMIT_NPROC counts a user's, and RLIMIT_AS
stops programs that only reserve); per process the kernel sets bounds of its own (RLIMIT_DATA),
for what grows faster than anybody looks. Nothing here knows of pytest or of verdicts.
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

#: Seconds of a processor that a judge may need for itself.
JUDGE_CPU = 300

#: Rounds in which everything must have ended; a fork bomb takes a few.
KILL_ROUNDS = 50


class Limits(NamedTuple):
    """What a target may use.

    ``time`` is in seconds for the whole target, ``memory`` in MiB and ``processes`` at once.
    ``cpu`` are seconds of a processor for each process, ``files`` the descriptors that a process
    may have open, and ``disk`` MiB that it may write.
    """

    time: float = 600.0
    memory: int = 2048
    processes: int = 1024
    cpu: int = 600
    files: int = 4096
    disk: int = 1024


class Member(NamedTuple):
    """One process of a target."""

    pid: int
    group: int
    memory: int


def bound(limits: Limits) -> None:
    """Have the kernel bound this process and all that it will start, where it can."""
    if not sys.platform.startswith("linux"):
        return
    import resource

    # RLIMIT_DATA counts a thread's stack whole (8 MiB), of which little is ever used.
    size = limits.memory * 1024 * 1024 * RESERVED_FACTOR
    for kind, most in (
        (resource.RLIMIT_DATA, size),
        (resource.RLIMIT_FSIZE, limits.disk * 1024 * 1024),
        (resource.RLIMIT_NOFILE, limits.files),
        # Of each process; the judge itself, which waits, needs little.
        (resource.RLIMIT_CPU, limits.cpu + JUDGE_CPU),
        (resource.RLIMIT_CORE, 0),
    ):
        soft, hard = resource.getrlimit(kind)
        hard = most if hard == resource.RLIM_INFINITY else min(most, hard)
        soft = hard if soft == resource.RLIM_INFINITY else min(soft, hard)
        resource.setrlimit(kind, (soft, hard))


class Family(NamedTuple):
    """Whom a target's processes descend from.

    ``judges`` are the judge and what it runs in, which belong to us; ``adopter`` is this process,
    which adopts what loses its parent (orphans.py), and ``others`` are children of its own.
    """

    judges: frozenset[int]
    mark: str
    adopter: int
    others: frozenset[int]


def members(family: Family) -> list[Member]:
    """Return the processes of a target, without its judge (Linux; elsewhere nobody can be seen)."""
    if not sys.platform.startswith("linux"):
        return []
    parents: dict[int, int] = {}
    found: dict[int, Member] = {}
    marked: set[int] = set()
    wanted = f"{MARK}={family.mark}".encode()
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            stat = Path(f"/proc/{entry}/stat").read_bytes()
        except OSError:
            continue  # it has gone
        # proc(5): the command may hold blanks and parentheses; fields follow the last ")".
        fields = stat[stat.rindex(b")") + 2 :].split()
        pid = int(entry)
        if fields[0] in (b"Z", b"X") or _REAPER in _read(pid, "cmdline"):
            continue
        parents[pid] = int(fields[1])
        found[pid] = Member(pid, int(fields[2]), _own_memory(pid))
        # What is not dumpable hides its variables, and not its parents.
        if wanted in _read(pid, "environ").split(b"\0"):
            marked.add(pid)
    ours = {*family.judges, *family.others, family.adopter}
    return [
        member
        for pid, member in found.items()
        if pid not in ours and (pid in marked or _is_of(pid, family, parents))
    ]


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def _is_of(pid: int, family: Family, parents: dict[int, int]) -> bool:
    """Whether a process descends from the judge, or was adopted after it had lost its parent."""
    seen: set[int] = set()
    while pid in parents and pid not in seen:
        seen.add(pid)
        pid = parents[pid]
        if pid in family.others:
            return False
        if pid in family.judges or pid == family.adopter:
            return True
    return False


def _own_memory(pid: int) -> int:
    """Return the bytes that are resident and shared with nobody's file."""
    try:
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
    except OSError:
        return 0
    return (int(resident) - int(shared)) * _PAGE


_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def excess(found: list[Member], limits: Limits, written: int = 0) -> str | None:
    """Return what they use too much of, in words; None when it is nothing.

    Arguments:
        written: bytes on the disk.
    """
    if len(found) > limits.processes:
        return f"{len(found)} processes, more than {limits.processes}"
    memory = sum(member.memory for member in found) // (1024 * 1024)
    if memory > limits.memory:
        return f"{memory} MiB of memory, more than {limits.memory}"
    if written > limits.disk * 1024 * 1024:
        return f"{written // (1024 * 1024)} MiB on the disk, more than {limits.disk}"
    return None


def size_of(folder: str) -> int:
    """Return the bytes that a folder's files take on the disk; symbolic links are not followed."""
    total = 0
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    total += size_of(entry.path)
                else:
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
    return total


def end(family: Family) -> None:
    """Kill all of a target's processes, and whatever they start meanwhile."""
    for _ in range(KILL_ROUNDS):
        found = members(family)
        if not found:
            return
        ours = {os.getpgrp(), *map(_group_of, family.judges), *map(_group_of, family.others)}
        for group in {member.group for member in found} - ours:
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
