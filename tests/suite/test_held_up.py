"""A correct server that got too little processor time on a busy machine does not fail."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from conformance.core.load import longer
from conformance.core.verdict import Unreachable, Verdict
from conformance.plan import Options, Plan
from conformance.profiles import REQUIREMENTS
from conformance.runner import judge as judging_module
from conformance.runner import preflight
from conformance.runner.judge import run
from conformance.targets.process import dismiss_helpers
from conformance.targets.usage import waiting_time

from ..programs import until
from .judging import PYTHON

#: Answers slightly after the deadline, until it has been started a given number of times.
SERVER = """
import pathlib, socket, sys, threading

starts = pathlib.Path(sys.argv[2])
with starts.open("a") as file:
    file.write("x")
is_late = len(starts.read_text()) <= int(sys.argv[3])

def serve(conn):
    with conn:
        first = True
        while data := conn.recv(65536):
            if is_late and first and threads > 1:
                threading.Event().wait(1.2)
            first = False
            conn.sendall(data)

threads = 0
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=128)
while True:
    conn = listener.accept()[0]
    threads += 1
    threading.Thread(target=serve, args=(conn,), daemon=True).start()
"""

DEADLINE = 0.6


@pytest.fixture(autouse=True)
def helpers() -> Iterator[None]:
    yield
    dismiss_helpers()


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each reading of the statistics shows another half a second of lost time."""
    looks = count()
    for module in (judging_module, preflight):
        monkeypatch.setattr(module, "held_up", lambda: next(looks) / 2)


def plan(folder: Path, late: int) -> Plan:
    (folder / "server.py").write_text(SERVER)
    command = f"{PYTHON} {folder}/server.py {{port}} {folder}/starts {late}"
    asked = Options(target=command, transports=("tcp",), deadline=DEADLINE)
    return Plan(asked)


def verdict(folder: Path, late: int) -> tuple[Verdict, str]:
    asked = plan(folder, late)
    outcome = run(asked, asked.case(REQUIREMENTS["echo/simple"], "tcp"))
    return outcome.verdict, outcome.message


@pytest.mark.usefixtures("busy")
def test_case_that_was_late_on_a_busy_machine_is_repeated(tmp_path: Path) -> None:
    assert verdict(tmp_path, late=1) == (Verdict.PASS, "")
    assert (tmp_path / "starts").read_text() == "xx"


@pytest.mark.usefixtures("busy")
def test_repeated_failure_is_a_failure(tmp_path: Path) -> None:
    broken = f"{PYTHON} -c 'import signal; signal.pause()' {{port}}"
    asked = Plan(Options(target=broken, transports=("tcp",), deadline=DEADLINE))
    outcome = run(asked, asked.case(REQUIREMENTS["echo/simple"], "tcp"))
    assert outcome.verdict == Verdict.FAIL
    # (The message has the requested deadline, however long the second trial waited.)
    assert "within 0.6 s" in outcome.message
    with pytest.raises(Unreachable, match=r"within 0\.6 s"):
        preflight.prepare(asked.options)


def test_case_is_judged_once_on_an_idle_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging_module, "held_up", lambda: 0.0)
    assert verdict(tmp_path, late=1)[0] == Verdict.FAIL
    assert (tmp_path / "starts").read_text() == "x"


@pytest.mark.parametrize(
    ("deadline", "lost", "seconds", "more"),
    [
        (2.0, 0.4, 5.0, None),  # little was lost
        (2.0, 1.5, 1.9, None),  # no deadline has passed
        (2.0, 0.5, 2.0, 4.0),
        (2.0, 60.0, 9.0, 10.0),
    ],
)
def test_deadline_of_the_second_attempt(
    deadline: float, lost: float, seconds: float, more: float | None
) -> None:
    assert longer(deadline, lost, seconds) == more


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only on Linux: schedstat")
def test_system_measures_the_time_spent_waiting_for_a_processor() -> None:
    crowd = (
        f"import os\nfor _ in range({2 * (os.cpu_count() or 1)}): os.fork() or exec('while 1: 0')"
    )
    with subprocess.Popen(
        [sys.executable, "-c", f"{crowd}\nimport signal; signal.pause()"], start_new_session=True
    ) as one:
        try:
            until(lambda: waiting_time(one.pid) > 0.1, "somebody to wait")
        finally:
            os.killpg(one.pid, signal.SIGKILL)
