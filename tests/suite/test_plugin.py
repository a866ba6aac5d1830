"""The pytest plugin in another project: it judges the server together with the project's tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from .. import forking

ROOT = Path(__file__).parents[2]
SCENARIOS = ("--conformance-profile=echo", "--conformance-case=echo/simple")


def pytest_run(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run pytest in a new project; return the exit status and the output."""
    command = [sys.executable, "-m", "pytest", "-p", "conformance.plugin", "-q", *arguments]
    ended = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
    )
    return ended.returncode, (ended.stdout + ended.stderr).decode()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "test_own.py").write_text("def test_own():\n    assert True\n")
    return tmp_path


def test_plugin_does_nothing_without_a_target(project: Path) -> None:
    (project / "test_own.py").write_text(
        "import sys\n\ndef test_own():\n    assert 'conformance.runner.judge' not in sys.modules\n"
    )
    status, shown = pytest_run(project)
    assert status == 0, shown
    assert "1 passed" in shown


@pytest.mark.parametrize("more", [(), ("-n2",)])
def test_server_is_judged_together_with_the_tests_of_the_project(
    project: Path, more: tuple[str, ...]
) -> None:
    target = "--conformance-target=ref:python"
    status, shown = pytest_run(project, target, *SCENARIOS, *more)
    assert status == 0, shown
    assert "5 passed" in shown


def test_broken_server_fails_with_the_reason(project: Path) -> None:
    target = "--conformance-target=mutant:echo/answers-twice"
    status, shown = pytest_run(project, target, *SCENARIOS, "--conformance-report=judged")
    assert status == 1, shown
    assert "1 passed" in shown
    assert "FAIL echo/simple (MUST, SPEC 2.2, tcp)" in shown
    assert (project / "judged" / "matrix.html").exists()


def test_failure_of_the_project_is_not_hidden_by_a_correct_server(project: Path) -> None:
    (project / "test_own.py").write_text("def test_own():\n    assert False\n")
    status, shown = pytest_run(project, "--conformance-target=ref:python", *SCENARIOS)
    assert status == 1, shown
    assert "1 failed, 4 passed" in shown


def test_short_options_if_the_suite_is_installed(tmp_path: Path) -> None:
    words = ("conformance", "--target=mutant:echo/answers-twice", "--case=echo/simple")
    status, shown = pytest_run(tmp_path, *words, "-n2")
    assert status == 1, shown
    assert "4 failed" in shown


def test_folder_named_conformance_belongs_to_the_project(project: Path) -> None:
    (project / "conformance").mkdir()
    (project / "test_own.py").rename(project / "conformance" / "test_own.py")
    status, shown = pytest_run(project, "conformance")
    assert status == 0, shown
    assert "1 passed" in shown


@pytest.mark.parametrize("more", [(), ("-n2",)])
def test_junit_xml_where_warnings_are_errors(project: Path, more: tuple[str, ...]) -> None:
    (project / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    target = "--conformance-target=mutant:echo/answers-twice"
    status, shown = pytest_run(project, target, *SCENARIOS, "--junitxml=junit.xml", *more)
    assert status == 1, shown
    assert "4 failed, 1 passed" in shown
    properties = ElementTree.parse(project / "junit.xml").getroot().iterfind(".//property")
    found = [(one.get("name"), one.get("value")) for one in properties]
    assert found == 4 * [
        ("level", "MUST"),
        ("clause", "2.2"),
        ("verdict", "FAIL"),
        ("signature", "extra-bytes"),
    ]


def test_reason_of_the_exit_status_is_shown(project: Path) -> None:
    (project / "known.toml").write_text('[[expected]]\nid = "echo/lrge"\nreason = "x"\n')
    words = ("--conformance-target=ref:python", *SCENARIOS, "--conformance-expect=known.toml")
    status, shown = pytest_run(project, *words)
    assert status == 7, shown
    assert "conformance: echo/lrge: the expectation names no requirement" in shown


def test_invalid_target(project: Path) -> None:
    status, shown = pytest_run(project, "--conformance-target=mutant:echo/none")
    assert status == 4
    assert "no such mutant" in shown


@pytest.mark.parametrize("words", [("ref:python",), ("@class.toml", "--all")])
def test_broken_plugin_of_a_project_does_not_break_a_run(
    project: Path, words: tuple[str, ...]
) -> None:
    (project / "broken.py").write_text("raise RuntimeError('broken')\n")
    (project / "broken-1.dist-info").mkdir()
    (project / "broken-1.dist-info" / "METADATA").write_text("Name: broken\nVersion: 1\n")
    entry = "[pytest11]\nbroken = broken\n"
    (project / "broken-1.dist-info" / "entry_points.txt").write_text(entry)
    (project / "class.toml").write_text('[targets.one]\ncommand = "inetd:cat"\n')
    assert "RuntimeError: broken" in pytest_run(project)[1]  # the plugin is found
    ended = forking.run(
        [sys.executable, "-m", "conformance", "run", *words, "--case=echo/simple", "--jobs=2"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{project}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
