"""The tools of random transfers: their plans, and the measurement of idle time."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from ..clock import Stopwatch
from ..programs import until
from ..transfers import plan
from ..transfers.idleness import STEP, Idleness

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only on Linux: /proc tells what a process costs"
)


def watched(code: str, check: Callable[[Idleness, float], None]) -> None:
    began = time.monotonic()
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as process:
        try:
            check(Idleness(process.pid), began)
        finally:
            process.kill()


def test_sleeping_program_is_idle() -> None:
    def check(idleness: Idleness, began: float) -> None:
        until(lambda: idleness.seconds(began) > 0.3, "a program that sleeps")
        assert idleness.seconds(time.monotonic()) == 0

    watched("input()", check)


def test_busy_program_is_measured_by_cpu_time() -> None:
    def check(idleness: Idleness, began: float) -> None:
        until(lambda: idleness.seconds(began) > 0.3, "a program that spins")
        assert Stopwatch(began).reached(0.3)

    watched("while True: pass", check)


def test_busy_child_is_measured() -> None:
    def check(idleness: Idleness, began: float) -> None:
        until(lambda: idleness.seconds(began) > 0.3, "a child that spins")

    watched(
        "import os\n"
        "parent = os.getpid()\n"
        "if os.fork(): os.wait()\n"
        "while os.getppid() == parent: pass",
        check,
    )


def test_time_between_late_calls_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(idleness: Idleness, began: float) -> None:
        until(lambda: idleness.seconds(began) > 0, "a program that sleeps")
        before = idleness.seconds(began)
        later = time.monotonic() + 1000
        monkeypatch.setattr(time, "monotonic", lambda: later)
        assert idleness.seconds(began) <= before + STEP

    watched("input()", check)


def test_programs_that_have_ended() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    idleness = Idleness(process.pid)
    until(lambda: idleness.seconds(0) > 0, "time to pass")


def test_client_does_not_deadlock_with_a_command() -> None:
    planned = plan(134)
    assert planned.transport == "exec"
    assert not planned.client.outlasts
