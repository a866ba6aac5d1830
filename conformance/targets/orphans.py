"""Processes that have lost their parent: adopted, waited for and ended (Linux).

A server that forks twice and calls setsid(2) is in no session and no group that the suite knows,
and with an empty environment it carries no mark. As a child subreaper (prctl(2)) this process
becomes its parent, so that it is still among its descendants.
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

#: Rounds in which everything must have ended; what breeds takes a few.
_ROUNDS = 100

#: What ends a run; see core/interruption.py.
_ENDING = (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM))


def guarded(work: Callable[[], int]) -> int:
    """Do the work in a child process; when it is done, end all that it has left behind.

    Elsewhere than on Linux the work is done here, and what has left its session is not found.
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
        # The one that waits for us sees the same end.
        signal.signal(-status, signal.SIG_DFL) if -status != signal.SIGKILL else None
        os.kill(os.getpid(), -status)
    return status


def die_with_parent(parent: int, number: int = signal.SIGTERM) -> None:
    """In a child: be sent this signal when the parent ends. Raises KeyboardInterrupt if it has."""
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
    """Adopt what loses its parent, and wait for it when it ends.

    Arguments:
        child: tells which child of ours is waited for by others; its end ends the adoption.
            None until it is started.
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
            over.wait(0.01)  # the first child is not there yet
            continue
        if ended is None or ended.si_pid == child() or over.is_set():
            # After the adoption it may be the next one's child, whose status is not ours to take.
            return
        if ended.si_pid in before or child() is None:
            # Somebody else's; or perhaps the child itself, of which nobody has told us yet.
            over.wait(0.1)
            continue
        with suppress(ChildProcessError):
            os.waitpid(ended.si_pid, os.WNOHANG)


def end_descendants(ancestor: int) -> None:
    """Kill all descendants of a process, and whatever they start meanwhile."""
    for _ in range(_ROUNDS):
        found = descendants_of(ancestor)
        if not found:
            return
        for number in (signal.SIGSTOP, signal.SIGKILL):
            # They stand still first: what breeds must not outrun us.
            for pid in found:
                with suppress(OSError):
                    os.kill(pid, number)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.005)


def descendants_of(ancestor: int) -> list[int]:
    """All processes below a process, without those that have ended."""
    found: list[int] = []
    waiting = [ancestor]
    while waiting:
        below = children_of(waiting.pop())
        found += below
        waiting += below
    return found


def children_of(pid: int) -> list[int]:
    """The children of a process, of all its threads."""
    found: list[int] = []
    with suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with suppress(OSError):
                words = Path(f"/proc/{pid}/task/{thread}/children").read_text().split()
                found += map(int, words)
    return found


def prctl(option: int, value: int) -> None:
    """Set an attribute of this process (prctl(2)); where it is not known, nothing is set."""
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
