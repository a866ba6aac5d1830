"""The script of the GitHub action, run as a GitHub runner would run it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .. import forking

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the tests need a POSIX shell")

ROOT = Path(__file__).parents[2]
ACTION = (ROOT / ".github" / "actions" / "conformance" / "action.yml").read_text(encoding="utf-8")


def script_of(step: str) -> str:
    """Return the shell script of the step with this id (our own file needs no YAML parser)."""
    found = re.search(rf"- id: {step}\n.*?run: \|\n((?:        .*\n)+)", ACTION, re.DOTALL)
    assert found is not None
    return re.sub(r"^ {8}", "", found.group(1), flags=re.MULTILINE)


#: The variables that pass the inputs to the script.
NAMES = re.findall(r"^ +ASKED_([A-Z]+):", ACTION, re.MULTILINE)


@pytest.fixture
def runner(tmp_path: Path) -> dict[str, str]:
    """A runner's environment, with the command where the previous step would have installed it."""
    command = tmp_path / "conformance" / "bin" / "pync-conformance"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m conformance "$@"\n')
    command.chmod(0o755)
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "SCRIPTS": str(command.parent),
        "JOB": "test-0",
        "FOLDER": ".",
        **{f"ASKED_{name}": "" for name in NAMES},
        "ASKED_REPORT": str(tmp_path / "report"),
    }


def run_step(
    runner: dict[str, str], target: str, *, step: str = "judge", **more: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        # As GitHub runs `shell: bash`.
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script_of(step)],
        env={**runner, "ASKED_TARGET": target, **more},
        cwd=runner["RUNNER_TEMP"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )


def outputs(runner: dict[str, str]) -> list[str]:
    return Path(runner["GITHUB_OUTPUT"]).read_text().splitlines()


@pytest.fixture
def spoken(runner: dict[str, str]) -> Path:
    """A command that replaces the suite and writes its arguments to a file; returns the file."""
    command = Path(runner["SCRIPTS"]) / "pync-conformance"
    command.write_text('#!/bin/sh\nprintf "%s\\n" "$@" > "$RUNNER_TEMP/words"\n')
    return Path(runner["RUNNER_TEMP"]) / "words"


def test_broken_server_fails_the_step_and_is_annotated(runner: dict[str, str]) -> None:
    ended = run_step(runner, "mutant:echo/prompts")
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert outputs(runner)[-1] == "status=1"
    assert "::error title=echo/greeting over tcp::echo/greeting (MUST" in ended.stdout
    assert Path(runner["GITHUB_STEP_SUMMARY"]).read_text().startswith("## not conformant")
    assert (Path(runner["ASKED_REPORT"]) / "matrix.html").exists()


def test_typed_text_is_one_word_and_not_shell_code(runner: dict[str, str], tmp_path: Path) -> None:
    ended = run_step(runner, f"no-such-command; touch {tmp_path}/{{port}}")
    assert ended.returncode == 6, ended.stdout + ended.stderr
    assert outputs(runner)[-1] == "status=6"
    assert not [path for path in tmp_path.iterdir() if path.name.isdigit()]


def test_options_not_given_are_left_to_the_target_file(
    runner: dict[str, str], spoken: Path
) -> None:
    ended = run_step(runner, "@servers.toml")
    assert ended.returncode == 0, ended.stderr
    report = runner["ASKED_REPORT"]
    assert spoken.read_text().splitlines() == ["run", "@servers.toml", f"--report={report}"]


def test_given_options_are_passed_on(runner: dict[str, str], spoken: Path) -> None:
    ended = run_step(
        runner,
        "@servers.toml",
        ASKED_PROFILE="echo,quit",
        ASKED_SET="token=a b",
        ASKED_CASE="echo/* \n  quit/token",
        ASKED_DEADLINE="3",
        ASKED_TRANSPORT="tcp",
        ASKED_ALL="true",
    )
    assert ended.returncode == 0, ended.stderr
    assert spoken.read_text().splitlines()[3:] == [
        "--profile=echo,quit",
        "--set=token=a b",
        "--transport=tcp",
        "--deadline=3",
        "--case=echo/*",
        "--case=quit/token",
        "--all",
    ]


def test_each_use_in_a_job_has_its_own_artifact(runner: dict[str, str], spoken: Path) -> None:
    for _ in range(2):
        assert run_step(runner, "ref:python", ASKED_REPORT="judged").returncode == 0
    assert run_step(runner, "ref:python", ASKED_ARTIFACT="mine").returncode == 0
    said = [line for line in outputs(runner) if not line.startswith("status=")]
    assert said == [
        "artifact=conformance-test-0",
        "report=./judged",
        "artifact=conformance-test-0-2",
        "report=./judged",
        "artifact=mine",
        f"report={runner['ASKED_REPORT']}",
    ]


@pytest.mark.parametrize("scripts", ["bin", "Scripts"])
def test_scripts_are_found_in_the_folder_of_this_system(
    scripts: str, runner: dict[str, str], tmp_path: Path
) -> None:
    python = tmp_path / "python"
    python.write_text(
        '#!/bin/sh\n[ "$2" = venv ] || exec echo "$@"\n'
        f'mkdir -p "$3/{scripts}" && cp "$0" "$3/{scripts}/python"\n'
    )
    python.chmod(0o755)
    runner["RUNNER_TEMP"] = str(tmp_path / "new")
    (tmp_path / "new").mkdir()
    ended = run_step(runner, "", step="install", PYTHON=str(python), SUITE="suite")
    assert ended.stdout == "-m pip install --quiet suite[conformance]\n", ended.stderr
    assert outputs(runner) == [f"scripts={tmp_path}/new/conformance/{scripts}"]


def test_every_input_reaches_the_script() -> None:
    inputs = re.findall(r"^  ([a-z-]+):$", ACTION.partition("outputs:")[0], re.MULTILINE)
    assert "target" in inputs
    assert [name for name in inputs if ACTION.count("${{ inputs." + name + " }}") == 0] == []


def test_run_leaves_no_files_to_commit(tmp_path: Path) -> None:
    """The suite is run as the pre-commit hook runs it."""
    git = ["git", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    command = [sys.executable, "-m", "conformance", "run", "--case=echo/simple"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    forking.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    assert (tmp_path / "build" / "conformance" / "matrix.html").exists()
    changed = subprocess.run([*git, "status", "--porcelain"], capture_output=True, check=True)
    assert changed.stdout == b""
