"""The ready-made gate: the script of the GitHub action, run as a runner would run it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ACTION = (ROOT / ".github" / "actions" / "conformance" / "action.yml").read_text(encoding="utf-8")


def script_of(step: str) -> str:
    """The shell script of the step with this id (no YAML parser is needed for our own file)."""
    found = re.search(rf"- id: {step}\n.*?run: \|\n((?:        .*\n)+)", ACTION, re.DOTALL)
    assert found is not None
    return re.sub(r"^ {8}", "", found.group(1), flags=re.MULTILINE)


@pytest.fixture
def runner(tmp_path: Path) -> dict[str, str]:
    """A runner's environment, with the command where the step before would have put it."""
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
        "ASKED_PROFILE": "echo",
        "ASKED_AT": "",
        "ASKED_SET": "",
        "ASKED_LEVEL": "must",
        "ASKED_EXPECT": "",
        "ASKED_REPORT": str(tmp_path / "report"),
    }


def run_step(runner: dict[str, str], target: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        # As GitHub runs `shell: bash`.
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script_of("judge")],
        env={**runner, "ASKED_TARGET": target, **more},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_broken_server_fails_the_step_and_is_annotated(runner: dict[str, str]) -> None:
    ended = run_step(runner, "mutant:echo/prompts")
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert Path(runner["GITHUB_OUTPUT"]).read_text() == "status=1\n"
    assert "::error title=echo/greeting over tcp::echo/greeting (MUST" in ended.stdout
    assert Path(runner["GITHUB_STEP_SUMMARY"]).read_text().startswith("## not conformant")
    assert (Path(runner["ASKED_REPORT"]) / "matrix.html").exists()


def test_what_is_typed_is_a_word_and_never_shell(runner: dict[str, str], tmp_path: Path) -> None:
    ended = run_step(runner, f"no-such-command; touch {tmp_path}/{{port}}")
    assert ended.returncode == 6, ended.stdout + ended.stderr
    assert Path(runner["GITHUB_OUTPUT"]).read_text() == "status=6\n"
    assert not [path for path in tmp_path.iterdir() if path.name.isdigit()]


def test_every_input_reaches_the_script() -> None:
    inputs = re.findall(r"^  ([a-z-]+):$", ACTION.partition("outputs:")[0], re.MULTILINE)
    assert "target" in inputs
    assert [name for name in inputs if ACTION.count("${{ inputs." + name + " }}") == 0] == []
