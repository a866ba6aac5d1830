"""The limits of one target of a class (time, memory, processes), and the processes of a target.

If there is a control group, the kernel enforces memory and processes (targets/cgroups.py);
otherwise, and if a server may leave its group, this module checks them regularly.

A process belongs to a target if it descends from the target's judge, if this process has adopted
it (a daemon has lost its parent), or if it has the target's mark in its environment. Memory, the
number of processes and the disk are watched (RLIMIT_NPROC counts all processes of a user, and
RLIMIT_AS stops programs that only reserve memory). In addition, the kernel limits each process
(RLIMIT_DATA), because memory may grow faster than the checks notice. This module knows nothing
about pytest or verdicts.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import NamedTuple

#: The environment variable that marks the processes of a target.
MARK = "CONFORMANCE_MARK"

#: The suite's own helper, which ends the remaining servers if the suite is killed.
_REAPER = b"helpers/reaper.py"

#: The memory that one process may reserve, as a multiple of the target's limit.
RESERVED_FACTOR = 4

#: The processor seconds that a judge itself may need.
JUDGE_CPU = 300

#: The most rounds of killing; a fork bomb takes a few.
KILL_ROUNDS = 50


class Limits(NamedTuple):
    """The limits of a target.

    ``time`` is in seconds for the whole target, ``memory`` in MiB; ``processes`` is the number at
    once. ``cpu`` is in processor seconds for each process, ``files`` is the number of descriptors
    that a process may have open, and ``disk`` the MiB that the target may write.
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
    """Set limits in the kernel for this process and all that it will start (Linux)."""
    if not sys.platform.startswith("linux"):
        return
    import resource

    # RLIMIT_DATA counts the whole stack of a thread (8 MiB), although little of it is used.
    size = limits.memory * 1024 * 1024 * RESERVED_FACTOR
    for kind, most in (
        (resource.RLIMIT_DATA, size),
        (resource.RLIMIT_FSIZE, limits.disk * 1024 * 1024),
        (resource.RLIMIT_NOFILE, limits.files),
        # This is for each process; the judge itself mostly waits and needs little.
        (resource.RLIMIT_CPU, limits.cpu + JUDGE_CPU),
        (resource.RLIMIT_CORE, 0),
    ):
        soft, hard = resource.getrlimit(kind)
        hard = most if hard == resource.RLIM_INFINITY else min(most, hard)
        soft = hard if soft == resource.RLIM_INFINITY else min(soft, hard)
        resource.setrlimit(kind, (soft, hard))


class Family(NamedTuple):
    """The ancestors by which a target's processes are recognised.

    ``judges`` are the judge and its monitor, which belong to the suite; ``adopter`` is this
    process, which adopts orphans (orphans.py); ``others`` are other children of this process.
    """

    judges: frozenset[int]
    mark: str
    adopter: int
    others: frozenset[int]


def members(family: Family) -> list[Member]:
    """Return the processes of a target, without its judge (Linux; an empty list elsewhere)."""
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
            continue  # the process has ended
        # proc(5): the command may contain blanks and parentheses; fields follow the last ")".
        fields = stat[stat.rindex(b")") + 2 :].split()
        pid = int(entry)
        if fields[0] in (b"Z", b"X") or _REAPER in _read(pid, "cmdline"):
            continue
        parents[pid] = int(fields[1])
        found[pid] = Member(pid, int(fields[2]), _own_memory(pid))
        # A process that is not dumpable hides its variables, but not its parent.
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
    """Return whether a process descends from the judge, or was adopted as an orphan."""
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
    """Return the resident bytes that are not shared with a file."""
    try:
        _, resident, shared, *_ = Path(f"/proc/{pid}/statm").read_text().split()
    except OSError:
        return 0
    return (int(resident) - int(shared)) * _PAGE


_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def excess(found: list[Member], limits: Limits, written: int = 0) -> str | None:
    """Return which limit the processes exceed, in words; None if they exceed none.

    Arguments:
        written: bytes written to the disk.
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
    """Return the bytes that a folder's files use on the disk; symbolic links are not followed."""
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
    """Kill all processes of a target, including those that are started in the meantime."""
    for _ in range(KILL_ROUNDS):
        found = members(family)
        if not found:
            return
        ours = {os.getpgrp(), *map(_group_of, family.judges), *map(_group_of, family.others)}
        for group in {member.group for member in found} - ours:
            # Kill a whole group at once, because processes may be started faster than one by one.
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
