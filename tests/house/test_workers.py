"""``--workers=N`` (tests/workers.py) reports what a run without workers reports."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any, cast

import pytest

from .. import workers
from ..peer import DEADLINE
from ..tree import ROOT

pytestmark = pytest.mark.skipif(not workers.can_fork(), reason="only on Linux")

#: A project that uses the plugin.
CONFTEST = """
import pytest
from tests import workers

pytest_addoption = workers.add_option

@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    workers.choose(config)
"""

#: Tests with every kind of result.
RESULTS = """
import os, sys, time, warnings
import pytest

@pytest.fixture(scope="module")
def broken():
    raise ValueError("no fixture")

@pytest.fixture
def ends_badly():
    yield
    raise ValueError("no end")

def test_passes(): pass
@pytest.mark.parametrize("number", range(40))
def test_each(number, tmp_path, tmp_path_factory):
    (tmp_path / "file").touch()
    assert len(list(tmp_path_factory.getbasetemp().glob(f"{tmp_path.name}/*"))) == 1
def test_fails():
    print("said before it failed")
    os.write(1, b"written to the descriptor")
    print("and", "to stderr", file=sys.stderr)
    assert [1, 2] == [1, 3]
def test_needs_a_fixture(broken): pass
def test_fails_at_its_end(ends_badly): pass
def test_is_skipped(): pytest.skip("not today")
@pytest.mark.skip(reason="never")
def test_is_never_run(): pass
@pytest.mark.xfail(reason="known")
def test_fails_as_expected(): assert False
@pytest.mark.xfail(strict=True, reason="known")
def test_passes_unexpectedly(): pass
def test_warns(): warnings.warn("a warning")
"""

CRASHES = """
import os, signal
import pytest

@pytest.mark.parametrize("number", range(3))
def test_before(number): pass
def test_is_killed(): os.kill(os.getpid(), signal.SIGKILL)
def test_exits(): os._exit(0)
@pytest.mark.parametrize("number", range(3))
def test_after(number): pass
"""

STOPS = """
import pytest

def test_first(): assert False
@pytest.mark.parametrize("number", range(100))
def test_later(number): pass
"""

WAITS = """
import os, signal
import pytest

@pytest.fixture(scope="session")
def resource():
    yield
    os.write(1, b"torn down\\n")

@pytest.mark.parametrize("number", range(2))
def test_waits(number, resource):
    os.write(1, b"waiting\\n")
    while True:
        signal.pause()
"""


def project(folder: Path, text: str) -> list[str]:
    """Write a project, and return the command that runs its tests."""
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider\n")
    (folder / "test_own.py").write_text(text)
    return [sys.executable, "-m", "pytest", "-ra", "-p", "no:hypothesispytest"]


def environment(folder: Path) -> dict[str, str]:
    """The environment of a run, with folders of its own for temporary files."""
    own = {"PYTHONPATH": str(ROOT), "PYTEST_DEBUG_TEMPROOT": str(folder), "COLUMNS": "150"}
    kept = {name: text for name, text in os.environ.items() if not name.startswith("PYTEST_")}
    return {**kept, **own}


def run(folder: Path, text: str, *words: str) -> tuple[int, str]:
    """The exit status and the output of a run."""
    done = subprocess.run(
        [*project(folder, text), *words],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=DEADLINE * 10,
    )
    assert not done.stderr
    return done.returncode, done.stdout


def results(output: str) -> list[str]:
    """The result of each test, with its reason."""
    _, _, summary = output.partition("short test summary info")
    return sorted(re.sub(r" in [\d.]+s.*", "", line) for line in summary.splitlines()[1:])


def test_the_results_are_the_same(tmp_path: Path) -> None:
    plain = run(tmp_path, RESULTS, "-q", "--junitxml=plain.xml")
    forked = run(tmp_path, RESULTS, "-q", "--workers=3", "--junitxml=forked.xml", "--durations=5")
    assert forked[0] == plain[0] == 1
    assert results(forked[1]) == results(plain[1])
    assert "2 failed, 43 passed, 2 skipped, 1 xfailed, 1 warning, 2 errors" in forked[1]
    for said in (
        "said before it failed\nwritten to the descriptor",
        "and to stderr",
        "E       assert [1, 2] == [1, 3]",
        "UserWarning: a warning",
        "SKIPPED [1] test_own.py:26: not today",
        "slowest 5 durations",
    ):
        assert forked[1].count(said) == 1, said
    names = [
        sorted(re.findall(r'<testcase classname="\S*" name="([^"]+)"', file.read_text()))
        for file in (tmp_path / "plain.xml", tmp_path / "forked.xml")
    ]
    assert names[0] == names[1]
    assert len(names[0]) > 40


def test_a_selection_is_run_once_each(tmp_path: Path) -> None:
    status, said = run(tmp_path, RESULTS, "-v", "--workers=8", "-k", "test_each and not 7")
    assert status == 0
    ran = re.findall(
        r"^\[gw\d\] \[ *\d+%\] PASSED test_own.py::test_each\[(\d+)\]", said, re.MULTILINE
    )
    assert sorted(map(int, ran)) == [number for number in range(40) if "7" not in str(number)]
    assert run(tmp_path, RESULTS, "--workers=8", "-k", "nothing")[0] == pytest.ExitCode(5)


def test_a_worker_that_dies_fails_its_test_only(tmp_path: Path) -> None:
    status, said = run(tmp_path, CRASHES, "-q", "--workers=2")
    assert status == 1
    assert [line for line in results(said) if line.startswith("FAILED")] == [
        f"FAILED test_own.py::test_{name} - worker {worker} crashed while running {nodeid} ({end})"
        for name, end in (("exits", "status 0"), ("is_killed", "SIGKILL"))
        for nodeid in [f"'test_own.py::test_{name}'"]
        for worker in re.findall(rf"worker ('gw\d') crashed while running {nodeid}", said)[:1]
    ]
    assert "2 failed, 6 passed" in said


def test_a_run_stops_at_the_first_failure(tmp_path: Path) -> None:
    status, said = run(tmp_path, STOPS, "-q", "-x", "--workers=2")
    assert status == 1
    assert "stopping after 1 failures" in said
    assert "1 failed" in said


def test_an_error_of_a_worker_ends_the_run(tmp_path: Path) -> None:
    words = project(tmp_path, "def test_one(): pass\ndef test_two(): pass\n")
    with (tmp_path / "conftest.py").open("a") as file:
        file.write("def pytest_runtest_protocol(item): 1 / 0\n")
    done = subprocess.run(
        [*words, "--workers=2"],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=DEADLINE * 10,
    )
    assert done.returncode == pytest.ExitCode.INTERNAL_ERROR
    assert "ZeroDivisionError" in done.stdout + done.stderr


def test_an_interrupted_run_tears_fixtures_down(tmp_path: Path) -> None:
    words = [*project(tmp_path, WAITS), "-q", "-s", "--workers=2"]
    with subprocess.Popen(
        words, cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            assert [process.stdout.readline() for _ in range(2)] == ["waiting\n"] * 2
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=DEADLINE * 10)
        finally:
            process.kill()
    assert process.returncode == pytest.ExitCode.INTERRUPTED
    assert said.count("torn down") == 2


class Config:
    """What choose() reads and changes."""

    def __init__(self, **given: Any) -> None:
        options = {"workers": 4, "numprocesses": None, "maxschedchunk": None}
        self.option = Namespace(**{**options, "usepdb": False, "collectonly": False, **given})
        self.pluginmanager = self
        self.plugins: list[object] = []

    def register(self, plugin: object) -> None:
        self.plugins.append(plugin)


def chosen(**given: Any) -> Config:
    config = Config(**given)
    workers.choose(cast("pytest.Config", config))
    return config


def test_elsewhere_pytest_xdist_starts_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [type(one) for one in chosen().plugins] == [workers.Workers]
    for given in ({"workers": 0}, {"numprocesses": 2}, {"usepdb": True}, {"collectonly": True}):
        config = chosen(**given)
        assert not config.plugins
        assert config.option.numprocesses == given.get("numprocesses")
    monkeypatch.setattr(workers, "can_fork", lambda: False)
    config = chosen()
    assert not config.plugins
    assert (config.option.numprocesses, config.option.maxschedchunk) == (4, 1)
