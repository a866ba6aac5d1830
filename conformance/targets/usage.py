"""The resources that the processes of a session use, read from /proc (Linux, proc(5))."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import NamedTuple

#: Fields of /proc/PID/stat after the command: state, threads, resident pages.
_STATE, _THREADS, _PAGES = 0, 17, 21


class Usage(NamedTuple):
    """The numbers of processes, of zombies among them, of threads, and of bytes of memory."""

    processes: int
    zombies: int
    threads: int
    memory: int

    def __str__(self) -> str:
        return (
            f"{self.processes} processes ({self.zombies} of them zombies), "
            f"{self.threads} threads, {self.memory // 1024} KiB"
        )


def usage_of(session: int) -> Usage | None:
    """Return what a session uses now; None if that is not known."""
    if not sys.platform.startswith("linux"):
        return None
    members = [fields for _, fields in _members(session)]
    return Usage(
        len(members),
        sum(fields[_STATE] == b"Z" for fields in members),
        sum(int(fields[_THREADS]) for fields in members if fields[_STATE] != b"Z"),
        sum(int(fields[_PAGES]) for fields in members) * os.sysconf("SC_PAGE_SIZE"),
    )


def living(session: int) -> list[int]:
    """Return the processes of a session that have not ended (Linux; elsewhere empty)."""
    if not sys.platform.startswith("linux"):
        return []
    return [pid for pid, fields in _members(session) if not _has_ended(fields)]


def _has_ended(fields: list[bytes]) -> bool:
    """Return whether no thread is left: the first is a zombie while others still run or end."""
    return fields[_STATE] == b"Z" and int(fields[_THREADS]) <= 1


def running_time(session: int) -> float | None:
    """Return the seconds that the session's threads have run or waited for a processor.

    The waiting counts, so that a busy loop is recognised on a busy machine too. The result is
    None if the kernel does not count this.
    """
    return sum(_ran_and_waited(session)) or None


def waiting_time(session: int) -> float:
    """Return the seconds that a session has waited for a processor; 0 if they are not counted."""
    return _ran_and_waited(session)[1]


def _ran_and_waited(session: int) -> tuple[float, float]:
    if not os.path.exists("/proc/self/schedstat"):
        return 0.0, 0.0
    ran = waited = 0
    for pid in living(session):
        for thread in _threads(pid):
            try:
                words = _read(f"/proc/{pid}/task/{thread}/schedstat").split()
                ran, waited = ran + int(words[0]), waited + int(words[1])
            except (OSError, ValueError, IndexError):
                continue  # it has ended in the meantime
    return ran / 1e9, waited / 1e9


def stands_still(group: int) -> bool:
    """Return whether all threads of a session's first group are stopped (signal(7)), if known.

    Outside Linux only the leader is known.
    """
    if not sys.platform.startswith("linux"):
        try:
            wanted = os.WSTOPPED | os.WNOWAIT | os.WNOHANG
            return sys.platform == "win32" or os.waitid(os.P_PID, group, wanted) is not None
        except ChildProcessError:
            return True  # the process has ended
    members = (pid for pid in living(group) if _group_of(pid) == group)
    return all(state in b"TtZX" for pid in members for state in _states(pid))


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except OSError:
        return None  # it has ended in the meantime


def runs(session: int) -> bool:
    """Return whether one of the session's threads runs, or waits for a processor, now (Linux)."""
    return any(state == b"R" for pid in living(session) for state in _states(pid))


def _states(pid: int) -> Iterator[bytes]:
    """Yield the state of each thread, as a letter (proc(5))."""
    for thread in _threads(pid):
        try:
            stat = _read(f"/proc/{pid}/task/{thread}/stat")
        except OSError:
            continue  # it has ended in the meantime
        yield stat[stat.rindex(b")") + 2 :][:1]


def _threads(pid: int) -> list[str]:
    try:
        return os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []  # the process has ended in the meantime


def _members(session: int) -> Iterator[tuple[int, list[bytes]]]:
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            # This runs at the end of every scenario, for every process of the machine: getsid(2)
            # takes a fiftieth of the time of reading the file.
            if os.getsid(int(entry)) != session:
                continue
            stat = _read(f"/proc/{entry}/stat")
        except OSError:
            continue
        # The command may contain blanks and parentheses; fields follow the last ")".
        yield int(entry), stat[stat.rindex(b")") + 2 :].split()


def _read(path: str) -> bytes:
    file = os.open(path, os.O_RDONLY)
    try:
        return os.read(file, 1024)
    finally:
        os.close(file)
