"""The worker processes of a run: one dies, the suite itself has a fault, the run is killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import deque
from pathlib import Path

import pytest

from conformance.core.verdict import Exit
from conformance.plan import Options, Plan
from conformance.runner.workers import Workers

from .. import forking
from ..programs import until
from .judging import PYTHON, ROOT, conformance

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: fork and prctl(2)")

#: An echo server. When it is started for the second time, it kills its parent process.
ENDS_ITS_WORKER = """
import os, signal, socketserver, sys
with open("starts", "a+") as starts:
    starts.write(".")
    starts.seek(0)
    if starts.read() == "..":
        os.kill(os.getppid(), signal.SIGKILL)
class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(65536):
            self.request.sendall(data)
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
Server(("127.0.0.1", int(sys.argv[1])), Echo).serve_forever()
"""

NAMES = ("echo/simple", "echo/binary", "echo/segments")


def test_dead_worker_loses_one_case(tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(ENDS_ITS_WORKER)
    (tmp_path / "target.toml").write_text(
        f"[targets.it]\ncommand = '''{PYTHON} server.py {{port}}'''\ndirectory = '{tmp_path}'\n"
    )
    report = f"--report={tmp_path / 'report'}"
    cases = (f"--case={name}" for name in NAMES)
    words = ("--transport=tcp", *cases, "--jobs=2", report)
    done = conformance("run", f"@{tmp_path / 'target.toml'}", *words)
    assert done.returncode == Exit.SUITE_FAILED, done.stdout
    assert "the process that judged it has died" in done.stdout
    assert "2 PASS" in done.stdout


#: The suite with an internal fault.
FAULTY = """
import sys
from conformance.plan import Options
from conformance.runner import run, workers
judge = workers.judge
def faulty(plan, case, *rest):
    if case.requirement.id == "echo/binary":
        raise LookupError("a fault of ours")
    return judge(plan, case, *rest)
workers.judge = faulty
cases = "echo/simple", "echo/binary", "echo/segments"
sys.exit(run(Options(cases=cases, transports=("tcp",)), None, 2))
"""


def test_error_of_the_suite_is_reported_with_its_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FAULTY], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == Exit.SUITE_FAILED, done.stdout
    assert "in faulty" in done.stdout
    assert "LookupError: a fault of ours" in done.stdout
    assert "2 PASS" in done.stdout


def test_no_process_survives_a_killed_run(tmp_path: Path) -> None:
    words = (
        "run",
        "--profile=echo",
        "--transport=tcp",
        "--jobs=3",
        f"--report={tmp_path / 'report'}",
    )
    with forking.Popen(
        [sys.executable, "-m", "conformance", *words],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        start_new_session=True,
    ) as process:
        until(lambda: list(tmp_path.glob("conformance-board-*/*.claim")), "the first cases")
        process.kill()
        process.wait()
    until(lambda: not members(process.pid), "the workers to end")


def members(session: int) -> list[int]:
    """Return the processes of a session."""
    found = []
    for one in Path("/proc").iterdir():
        if one.name.isdigit():
            try:
                if os.getsid(int(one.name)) == session:
                    found.append(int(one.name))
            except ProcessLookupError:
                continue
    return found


class Idle:
    """A worker that only notes which case it is given."""

    def __init__(self, *block: int) -> None:
        self.block = deque(block)
        self.given: list[int] = []

    def begin(self, number: int) -> None:
        self.given.append(number)


def test_other_cases_of_a_long_requirement_are_next() -> None:
    names = ("echo/simple", "echo/binary", "echo/backpressure")
    plan = Plan(Options(target="ref:python", cases=names, transports=("tcp", "tcp6", "unix")))
    long = [n for n, case in enumerate(plan.cases) if case.requirement.id == "echo/backpressure"]
    first, second = Idle(*range(4)), Idle(*range(4, len(plan.cases)))
    workers = Workers.__new__(Workers)
    workers._plan, workers._next = plan, deque()
    workers._workers = [first, second]  # type: ignore[list-item]
    first.block.remove(long[0])  # it was judged, and took a long time
    workers._prefer("echo/backpressure")
    for _ in long:
        workers._give(first)  # type: ignore[arg-type]
    assert first.given == [*long[1:], 0]
    for _ in plan.cases:
        workers._give(second)  # type: ignore[arg-type]
    assert sorted([*first.given, *second.given, long[0]]) == list(range(len(plan.cases)))
