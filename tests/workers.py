"""``--workers=N``: collect the tests once, and run them in N forked processes.

With ``pytest -n N`` each of the N workers is a new interpreter, which imports pytest and all
modules with tests, and makes all items. Here a worker is a fork of the process that has done so.
This works on Linux; on other systems ``--workers`` means ``-n``. Reports name the worker as those
of pytest-xdist do.

The tests are handed out one at a time, in their order. A worker gets the next test before it runs
one, because pytest has to know which fixtures to keep. A worker that dies fails the test that it
ran, and another takes its place.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections import deque
from collections.abc import Iterator
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any
from warnings import WarningMessage

import pytest

#: Seconds that a worker has for the end of its test when the run is given up.
GRACE = 60.0


def add_option(parser: pytest.Parser) -> None:
    parser.getgroup("xdist").addoption(
        "--workers", type=int, default=0, metavar="N", help="collect once, fork N workers"
    )


def choose(config: pytest.Config) -> None:
    """Arrange for the workers, before pytest-xdist looks at its own options."""
    option = config.option
    if option.workers < 1 or getattr(option, "numprocesses", None) or option.usepdb:
        return
    if not can_fork():
        option.numprocesses, option.maxschedchunk = option.workers, 1
    elif not option.collectonly:
        config.pluginmanager.register(Workers(config, option.workers))


def can_fork() -> bool:
    """Whether workers can be forked, and watched by a descriptor."""
    if sys.platform != "linux":
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:  # an old kernel
        return False
    return True


class Worker:
    """A forked process, as the one that forked it sees it."""

    def __init__(self, name: str, pid: int, link: Connection) -> None:
        self.id = name
        self.pid = pid
        self.link = link
        self.watch = os.pidfd_open(pid) if sys.platform == "linux" else -1
        #: The numbers of its tests: the one that it runs, and the next one.
        self.given: deque[int] = deque()
        self.leaves = False

        # pytest shows these with a report.
        self.gateway = self
        self.workerinfo = {
            "id": name,
            "sysplatform": sys.platform,
            "version_info": sys.version_info,
            "executable": sys.executable,
        }

    def send(self, number: int | None) -> None:
        if number is not None:
            self.given.append(number)
        try:
            self.link.send(number)
        except OSError:
            pass  # it has died, which its descriptor says too

    def messages(self, *, dead: bool) -> Iterator[tuple[str, Any]]:
        """What it has sent, until its process has ended."""
        try:
            while self.link.poll():
                yield self.link.recv()
                if not dead:
                    return
        except (EOFError, OSError):
            return

    def close(self) -> None:
        self.link.close()
        os.close(self.watch)


class Workers:
    """The plugin that hands the tests out, and reports what the workers say."""

    def __init__(self, config: pytest.Config, count: int) -> None:
        self.config = config
        self.count = count
        self.workers: list[Worker] = []
        self.waiting: deque[int] = deque()
        self.session: pytest.Session

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        keep = self.config.option.continue_on_collection_errors
        if not session.items or (session.testsfailed and not keep):
            return None  # pytest's own says so
        self.session = session
        self.waiting.extend(range(len(session.items)))
        reporter = self.config.pluginmanager.getplugin("terminalreporter")
        if reporter:
            reporter.showfspath = False
        # One folder for all workers, in which each has its own.
        _temporary(self.config).getbasetemp()
        try:
            for number in range(min(self.count, len(session.items))):
                self._start(f"gw{number}")
            for _ in range(2):
                for worker in self.workers:
                    self._give(worker)
            while self.workers:
                self._serve()
        finally:
            self._give_up()
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        return True

    def _start(self, name: str) -> Worker:
        ours, theirs = Pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if not pid:
            # Nothing of pytest's own end may happen here.
            try:
                ours.close()
                for other in self.workers:
                    other.close()
                work(self.session, theirs, name)
                os._exit(0)
            finally:
                os._exit(1)
        theirs.close()
        worker = Worker(name, pid, ours)
        self.workers.append(worker)
        return worker

    def _give(self, worker: Worker) -> None:
        stop = self.session.shouldfail or self.session.shouldstop or not self.waiting
        worker.send(None if stop else self.waiting.popleft())

    def _serve(self) -> None:
        """Wait for messages, and for the ends of workers."""
        objects = [one for worker in self.workers for one in (worker.link, worker.watch)]
        ready = wait(objects)
        for worker in list(self.workers):
            ended = worker.watch in ready
            if ended or worker.link in ready:
                for kind, data in worker.messages(dead=ended):
                    getattr(self, f"_on_{kind}")(worker, data)
            if ended:
                self._ended(worker)

    def _on_start(self, worker: Worker, data: Any) -> None:
        nodeid, location = data
        self.config.hook.pytest_runtest_logstart(nodeid=nodeid, location=location)

    def _on_finish(self, worker: Worker, data: Any) -> None:
        nodeid, location = data
        self.config.hook.pytest_runtest_logfinish(nodeid=nodeid, location=location)

    def _on_report(self, worker: Worker, data: Any) -> None:
        report = self.config.hook.pytest_report_from_serializable(config=self.config, data=data)
        self._report(worker, report)

    def _on_warning(self, worker: Worker, data: Any) -> None:
        (message, category, *place), when, nodeid, location = data
        self.config.hook.pytest_warning_recorded.call_historic(
            kwargs={
                "warning_message": WarningMessage(message, category, *place),
                "when": when,
                "nodeid": nodeid,
                "location": location,
            }
        )

    def _on_done(self, worker: Worker, data: Any) -> None:
        worker.given.remove(data)
        self._give(worker)

    def _on_stop(self, worker: Worker, data: Any) -> None:
        self.session.shouldstop = data

    def _on_exit(self, worker: Worker, data: Any) -> None:
        reason, status = data
        pytest.exit(reason, status)

    def _on_error(self, worker: Worker, data: Any) -> None:
        raise RuntimeError(f"worker {worker.id}: {data}")

    def _on_leave(self, worker: Worker, data: Any) -> None:
        worker.leaves = True

    def _report(self, worker: Worker, report: Any) -> None:
        report.node = worker
        self.config.hook.pytest_runtest_logreport(report=report)

    def _ended(self, worker: Worker) -> None:
        self.workers.remove(worker)
        _, status = os.waitpid(worker.pid, 0)
        worker.close()
        if worker.leaves:
            return
        if not worker.given:
            raise RuntimeError(f"worker {worker.id} ended without a test ({status=})")
        item = self.session.items[worker.given.popleft()]
        said = f"worker {worker.id!r} crashed while running {item.nodeid!r} ({_ending(status)})"
        report = pytest.TestReport(item.nodeid, item.location, {}, "failed", said, "call")
        self._report(worker, report)
        self.waiting.extendleft(reversed(worker.given))
        if self.waiting:
            another = self._start(worker.id)
            self._give(another)
            self._give(another)

    def _give_up(self) -> None:
        """Interrupt the workers that are left, if the run did not reach its end."""
        for worker in self.workers:
            worker.link.close()
            os.kill(worker.pid, signal.SIGINT)
        for worker in self.workers:
            if not wait([worker.watch], GRACE):
                os.kill(worker.pid, signal.SIGKILL)
            os.waitpid(worker.pid, 0)
            os.close(worker.watch)
        self.workers.clear()


def _ending(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return signal.Signals(-code).name if code < 0 else f"status {code}"


def _temporary(config: pytest.Config) -> Any:
    return config._tmp_path_factory  # type: ignore[attr-defined]


def work(session: pytest.Session, link: Connection, name: str) -> None:
    """A worker: run the tests that are handed out."""
    config = session.config
    manager = config.pluginmanager
    os.environ["PYTEST_XDIST_WORKER"] = name
    manager.unregister(name="terminalreporter")
    manager.register(Sender(config, link))
    # The files of the capture must not be shared, nor their positions.
    capture = manager.getplugin("capturemanager")
    capture.stop_global_capturing()
    capture.start_global_capturing()
    capture.suspend_global_capture()
    folders = _temporary(config)
    folders._basetemp = folders.getbasetemp() / f"popen-{name}"
    folders._basetemp.mkdir(mode=0o700, exist_ok=True)
    try:
        _run(session, link)
        link.send(("leave", None))
    except pytest.exit.Exception as error:
        link.send(("exit", (str(error), error.returncode)))
    except (EOFError, OSError, KeyboardInterrupt):
        pass  # the run was given up
    except BaseException:  # noqa: BLE001 - whatever it is ends the run
        link.send(("error", traceback.format_exc()))
    finally:
        # A test that was interrupted has fixtures to be torn down.
        manager.getplugin("runner").pytest_sessionfinish(session)


def _run(session: pytest.Session, link: Connection) -> None:
    number = link.recv()
    while number is not None:
        following = link.recv()
        session.config.hook.pytest_runtest_protocol(
            item=session.items[number],
            nextitem=None if following is None else session.items[following],
        )
        if session.shouldstop:
            link.send(("stop", session.shouldstop))
            return
        if session.shouldfail:
            return
        link.send(("done", number))
        number = following


class Sender:
    """The plugin of a worker that passes on what is reported."""

    def __init__(self, config: pytest.Config, link: Connection) -> None:
        self.config = config
        self.link = link

    def pytest_runtest_logstart(self, nodeid: str, location: Any) -> None:
        self.link.send(("start", (nodeid, location)))

    def pytest_runtest_logfinish(self, nodeid: str, location: Any) -> None:
        self.link.send(("finish", (nodeid, location)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = self.config.hook.pytest_report_to_serializable(config=self.config, report=report)
        self.link.send(("report", data))

    def pytest_warning_recorded(
        self, warning_message: WarningMessage, when: str, nodeid: str, location: Any
    ) -> None:
        one = warning_message
        # (A warning with arguments of its own may not be one that can be pickled.)
        said = (str(one.message), UserWarning if one.category is None else one.category)
        place = (one.filename, one.lineno)
        self.link.send(("warning", ((*said, *place), when, nodeid, location)))
