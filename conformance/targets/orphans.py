"""Orphaned processes: adopt them, wait for them and end them (Linux).

A server that forks twice and calls setsid(2) is in no session and no group that the suite knows,
and with an empty environment it has no mark. As a child subreaper (prctl(2)) this process becomes
the server's parent, so that the server is still among its descendants.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: prctl(2).
_SET_PDEATHSIG, _SET_CHILD_SUBREAPER = 1, 36

#: The most rounds of killing; processes that keep starting others take a few.
_ROUNDS = 100

#: The signals that end a run; see core/interruption.py.
_ENDING = (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM))


def guarded(work: Callable[[], int]) -> int:
    """Do the work in a child process; then end all processes that it has left behind.

    On other systems than Linux the work is done in this process, and processes that have left
    their session are not found.
    """
    if not sys.platform.startswith("linux"):
        return work()
    parent = os.getpid()
    prctl(_SET_CHILD_SUBREAPER, 1)
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if not child:
        die_with_parent(parent, signal.SIGKILL)
        return work()
    for number in _ENDING:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda one, _frame: _pass_on(child, one))
    status = _wait_for(child)
    end_descendants(os.getpid())
    if status < 0:
        # End in the same way, for the process that waits for this one.
        signal.signal(-status, signal.SIG_DFL) if -status != signal.SIGKILL else None
        os.kill(os.getpid(), -status)
    return status


def die_with_parent(parent: int, number: int = signal.SIGTERM) -> None:
    """Request this signal for the end of the parent. Raises KeyboardInterrupt if it has ended."""
    prctl(_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        raise KeyboardInterrupt


def _pass_on(child: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(child, number)


def _wait_for(child: int) -> int:
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == child:
            return os.waitstatus_to_exitcode(status)


@contextmanager
def adopting(child: Callable[[], int | None]) -> Iterator[None]:
    """Adopt orphaned processes, and wait for each when it ends.

    Arguments:
        child: returns the child that other code waits for, None until it is started. The end of
            that child ends the adoption.
    """
    if not sys.platform.startswith("linux"):
        yield
        return
    prctl(_SET_CHILD_SUBREAPER, 1)
    before = frozenset(children_of(os.getpid()))
    over = threading.Event()
    reaper = threading.Thread(target=_reap, args=(child, before, over), daemon=True)
    reaper.start()
    try:
        yield
    finally:
        over.set()
        for pid in children_of(os.getpid()):
            if pid not in before and pid != child():
                with suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)


def _reap(child: Callable[[], int | None], before: frozenset[int], over: threading.Event) -> None:
    while True:
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        except ChildProcessError:
            if child() is not None or over.is_set():
                return
            over.wait(0.01)  # the first child has not been started yet
            continue
        if ended is None or ended.si_pid == child() or over.is_set():
            # After the adoption, the process may be a child of a later one, which needs its status.
            return
        if ended.si_pid in before or child() is None:
            # Other code waits for this process; or it is the child, which is not known yet.
            over.wait(0.1)
            continue
        with suppress(ChildProcessError):
            os.waitpid(ended.si_pid, os.WNOHANG)


def end_descendants(ancestor: int) -> None:
    """Kill all descendants of a process, and all processes that they start in the meantime."""
    for _ in range(_ROUNDS):
        found = descendants_of(ancestor)
        if not found:
            return
        for number in (signal.SIGSTOP, signal.SIGKILL):
            # Stop them first, so that they cannot start processes faster than these are killed.
            for pid in found:
                with suppress(OSError):
                    os.kill(pid, number)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.005)


def descendants_of(ancestor: int) -> list[int]:
    """Return all descendants of a process, without those that have ended."""
    found: list[int] = []
    waiting = [ancestor]
    while waiting:
        below = children_of(waiting.pop())
        found += below
        waiting += below
    return found


def children_of(pid: int) -> list[int]:
    """Return the children of a process, of all its threads."""
    found: list[int] = []
    with suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with suppress(OSError):
                words = Path(f"/proc/{pid}/task/{thread}/children").read_text().split()
                found += map(int, words)
    return found


def prctl(option: int, value: int) -> None:
    """Set an attribute of this process (prctl(2)); do nothing if the system does not know it."""
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
