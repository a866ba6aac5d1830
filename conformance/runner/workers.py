"""The processes that judge the cases of a run: forked from the one that has made the plan (Linux).

A worker of pytest-xdist starts Python, imports the suite and makes the same plan, which takes
as much processor time as a hundred cases. It does the work where a process cannot be forked:
on other systems, and where another thread may hold a lock just now.
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

if TYPE_CHECKING:
    from io import BufferedReader

#: Seconds in which a worker that is told to end tidies up.
TIDYING = 10.0


@contextmanager
def forked(plan: Plan, known: Expectations, number: int) -> Iterator[list[Workers]]:
    """Workers for a run, as a plugin of it; none for one process, or where none can be forked."""
    if number <= 1 or sys.platform != "linux" or threading.active_count() > 1:
        yield []
        return
    workers = Workers(plan, known, number)
    try:
        yield [workers]
    finally:
        workers.close()


class Worker:
    """One of them, as the controlling process sees it: it judges one case at a time.

    Arguments:
        pid: its process.
        link: sends the numbers of cases, receives what came of them.
        block: the numbers of the cases that it takes before those of others.
    """

    def __init__(self, pid: int, link: socket.socket, block: deque[int]) -> None:
        self.pid = pid
        self.link = link
        self.block = block
        self.judges: int | None = None
        self._received: BufferedReader = link.makefile("rb")

    def begin(self, number: int) -> None:
        """Give it a case."""
        self.judges = number
        with suppress(OSError):  # it has died: that is seen when it is listened to
            self.link.sendall(b"%d\n" % number)

    def hear(self) -> str | None:
        """What came of its case, as JSON; None when it has died."""
        try:
            line = self._received.readline()
        except OSError:
            return None
        return line.decode("ascii") if line.endswith(b"\n") else None

    def close(self) -> None:
        """Tell it to end in order."""
        self._received.close()
        self.link.close()


class Workers:
    """A pytest plugin: its loop over the items gives the cases to processes forked before.

    Arguments:
        plan: what is to be judged.
        known: the expectations in force.
        number: processes.
    """

    def __init__(self, plan: Plan, known: Expectations, number: int) -> None:
        self._plan = plan
        self._folder = tempfile.TemporaryDirectory(prefix="conformance-board-")
        self._workers: list[Worker] = []
        share = -(-len(plan.cases) // number)
        try:
            for start in range(0, len(plan.cases), share):
                numbers = range(start, min(start + share, len(plan.cases)))
                self._fork(known, deque(numbers))
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
            if not pid:  # whatever is raised here is the parent's to hear
                others = [ours, *(worker.link for worker in self._workers)]
                _work(theirs, others, parent, self._plan, known, self._folder.name)
        theirs.close()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Have all cases judged, and report each when it has been."""
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
        """The cases in the order in which they are done, with what came of each."""
        with selectors.DefaultSelector() as selector:
            for worker in self._workers:
                selector.register(worker.link, selectors.EVENT_READ, worker)
                self._give(worker)
            while any(worker.judges is not None for worker in self._workers):
                for key, _ in selector.select():
                    worker = key.data
                    number, result = worker.judges, worker.hear()
                    worker.judges = None
                    if result is None:
                        selector.unregister(worker.link)
                    else:
                        self._give(worker)
                    if number is not None:
                        yield number, result

    def _give(self, worker: Worker) -> None:
        """The next case of its own, or the last one of the worker that has most left."""
        if worker.block:
            worker.begin(worker.block.popleft())
            return
        slowest = max(self._workers, key=lambda one: len(one.block))
        if slowest.block:
            worker.begin(slowest.block.pop())

    def close(self) -> None:
        """End the workers; those that still judge are interrupted."""
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


def _work(
    link: socket.socket,
    others: list[socket.socket],
    parent: int,
    plan: Plan,
    known: Expectations,
    folder: str,
) -> NoReturn:
    """Be a worker: judge what is asked for until nobody asks any more."""
    status = 1
    try:
        die_with_parent(parent)
        end_as_interrupted()
        for other in others:
            os.close(other.detach())  # or its worker would not see the end of it
        gc.freeze()  # what was made so far is the same in all of them
        scratch.begin_anew()
        certificate.cache_clear()
        board = Board(run, folder)
        for line in link.makefile("rb"):
            case = plan.cases[int(line)]
            link.sendall(_judged(plan, case, known, board).encode("ascii") + b"\n")
        status = 0
    except (KeyboardInterrupt, OSError):
        pass  # the controlling process has been interrupted too, or has gone
    finally:
        with suppress(BaseException):
            stop_servers()
            scratch.remove()
        os._exit(status)


def _judged(plan: Plan, case: Case, known: Expectations, board: Board) -> str:
    """The result, or the traceback of a fault of ours."""
    try:
        return json.dumps(judge(plan, case, known, board))
    except Exception:  # noqa: BLE001 - whatever it is, the controlling process reports it
        return json.dumps(traceback.format_exc())
