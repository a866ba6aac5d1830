"""The processes that judge the cases of a run: forked after the plan has been made (Linux).

A worker of pytest-xdist starts Python, imports the suite and makes the same plan, which takes
as much processor time as a hundred cases. pytest-xdist is used where forking is not possible:
on other systems, and if there are other threads, which may hold a lock.
"""

from __future__ import annotations

import gc
import json
import os
import selectors
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, NoReturn

import pytest

from ..core.interruption import end_as_interrupted, held
from ..plan import Case, Plan
from ..plan.expectations import Expectations
from ..targets import scratch
from ..targets.certificate import certificate
from ..targets.launch import stop_servers
from ..targets.orphans import die_with_parent
from .items import case_of, end, report, report_crash
from .judge import judge, run
from .needs import Board
from .order import ranks

if TYPE_CHECKING:
    from io import BufferedReader

#: Seconds that a worker may take to clean up when it has to end.
TIDYING = 10.0

#: Seconds from which on a case is long: the other cases of its requirement are judged next, because
#: a long case that begins last is what the whole run waits for.
LONG = 1.0


@contextmanager
def forked(plan: Plan, known: Expectations, number: int) -> Iterator[list[Workers]]:
    """Yield the workers of a run, as a list of one plugin or of none.

    There is no plugin if one process is enough, or if no process can be forked.
    """
    if number <= 1 or sys.platform != "linux" or threading.active_count() > 1:
        yield []
        return
    workers = Workers(plan, known, number)
    try:
        yield [workers]
    finally:
        workers.close()


class Worker:
    """The controlling process's handle of one worker, which judges one case at a time.

    Arguments:
        pid: the worker's process.
        link: sends the numbers of cases, and receives their results.
        block: the numbers of the cases that this worker takes before those of others.
    """

    def __init__(self, pid: int, link: socket.socket, block: deque[int]) -> None:
        self.pid = pid
        self.link = link
        self.block = block
        self.judges: int | None = None
        self._received: BufferedReader = link.makefile("rb")

    def begin(self, number: int) -> None:
        """Send the worker a case."""
        self.judges = number
        with suppress(OSError):  # the worker has died: hear() will notice
            self.link.sendall(b"%d\n" % number)

    def hear(self) -> str | None:
        """Return the result of the worker's case, as JSON; None if the worker has died."""
        try:
            line = self._received.readline()
        except OSError:
            return None
        return line.decode("ascii") if line.endswith(b"\n") else None

    def close(self) -> None:
        """Close the link, so that the worker ends in an orderly way."""
        self._received.close()
        self.link.close()


class Workers:
    """A pytest plugin whose loop over the items gives the cases to forked processes.

    Arguments:
        plan: the plan of the run.
        known: the expectations in force.
        number: the number of processes.
    """

    def __init__(self, plan: Plan, known: Expectations, number: int) -> None:
        self._plan = plan
        self._folder = tempfile.TemporaryDirectory(prefix="conformance-board-")
        self._workers: list[Worker] = []
        self._next: deque[int] = deque()
        share, rank = -(-len(plan.cases) // number), ranks(plan)
        try:
            for start in range(0, len(plan.cases), share):
                numbers = range(start, min(start + share, len(plan.cases)))
                self._fork(known, deque(sorted(numbers, key=lambda one: rank[one])))
        except BaseException:
            self.close()
            raise

    def _fork(self, known: Expectations, block: deque[int]) -> None:
        ours, theirs = socket.socketpair()
        for stream in (sys.stdout, sys.stderr):
            with suppress(AttributeError, OSError, ValueError):
                stream.flush()
        parent, pid = os.getpid(), -1
        try:
            with held():
                if pid := os.fork():
                    self._workers.append(Worker(pid, ours, block))
        finally:
            if not pid:  # in the child: do not let an exception reach the parent's code
                others = [ours, *(worker.link for worker in self._workers)]
                _work(theirs, others, parent, self._plan, known, self._folder.name)
        theirs.close()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Have all cases judged, and report each one when it is done."""
        numbers = {id(case): number for number, case in enumerate(self._plan.cases)}
        items = {numbers[id(case_of(item))]: item for item in session.items}
        for number, result in self._results():
            if result is None:
                report_crash(items[number], "the process that judged it has died")
            elif result.startswith('"'):
                report_crash(items[number], json.loads(result))
            else:
                report(items[number], partial(end, items[number], result))
            if session.shouldfail:
                raise session.Failed(session.shouldfail)
            if session.shouldstop:
                raise session.Interrupted(session.shouldstop)
        return True

    def _results(self) -> Iterator[tuple[int, str | None]]:
        """Yield the number and the result of each case, in the order in which they are done."""
        with selectors.DefaultSelector() as selector:
            for worker in self._workers:
                selector.register(worker.link, selectors.EVENT_READ, worker)
                self._give(worker)
            while any(worker.judges is not None for worker in self._workers):
                for key, _ in selector.select():
                    worker = key.data
                    number, result = worker.judges, worker.hear()
                    worker.judges = None
                    if number is not None and _seconds(result) > LONG:
                        self._prefer(self._plan.cases[number].requirement.id)
                    if result is None:
                        selector.unregister(worker.link)
                    else:
                        self._give(worker)
                    if number is not None:
                        yield number, result

    def _give(self, worker: Worker) -> None:
        """Send the next case of its own block, or the last one of the longest other block.

        The cases of a requirement that takes long come before them.
        """
        if self._next:
            worker.begin(self._next.popleft())
            return
        if worker.block:
            worker.begin(worker.block.popleft())
            return
        slowest = max(self._workers, key=lambda one: len(one.block))
        if slowest.block:
            worker.begin(slowest.block.pop())

    def _prefer(self, requirement: str) -> None:
        """Judge the remaining cases of a requirement before all others."""
        for worker in self._workers:
            for number in [*worker.block]:
                if self._plan.cases[number].requirement.id == requirement:
                    worker.block.remove(number)
                    self._next.append(number)

    def close(self) -> None:
        """End the workers; interrupt those that are still judging."""
        until = time.monotonic() + TIDYING
        for worker in self._workers:
            if worker.judges is not None:
                with suppress(ProcessLookupError):
                    os.kill(worker.pid, signal.SIGTERM)
            worker.close()
        for worker in self._workers:
            while not os.waitpid(worker.pid, os.WNOHANG)[0]:
                if time.monotonic() > until:
                    os.kill(worker.pid, signal.SIGKILL)
                time.sleep(0.001)
        self._workers.clear()
        self._folder.cleanup()


def _seconds(result: str | None) -> float:
    """Return how long a scenario took, without those that it needs; 0 if this is not known."""
    row = json.loads(result) if result else None
    return float(row["seconds"]) if isinstance(row, dict) else 0.0


def _work(
    link: socket.socket,
    others: list[socket.socket],
    parent: int,
    plan: Plan,
    known: Expectations,
    folder: str,
) -> NoReturn:
    """Run as a worker: judge each case that is asked for, until the link is closed."""
    status = 1
    try:
        die_with_parent(parent)
        end_as_interrupted()
        for other in others:
            os.close(other.detach())  # else that link's worker would not see its end
        gc.freeze()  # all workers share the objects made so far
        scratch.begin_anew()
        certificate.cache_clear()
        board = Board(run, folder)
        for line in link.makefile("rb"):
            case = plan.cases[int(line)]
            link.sendall(_judged(plan, case, known, board).encode("ascii") + b"\n")
        status = 0
    except (KeyboardInterrupt, OSError):
        pass  # the controlling process has been interrupted too, or has ended
    finally:
        with suppress(BaseException):
            stop_servers()
            scratch.remove()
        os._exit(status)


def _judged(plan: Plan, case: Case, known: Expectations, board: Board) -> str:
    """Return the result as JSON, or the traceback if the suite itself fails."""
    try:
        return json.dumps(judge(plan, case, known, board))
    except Exception:  # noqa: BLE001 - the controlling process reports any exception
        return json.dumps(traceback.format_exc())
