"""Run the suite as a user does, and read its reports."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from .. import forking

ROOT = Path(__file__).parents[2]

#: As a word of a target: not every machine has a command ``python``.
PYTHON = shlex.quote(sys.executable)
IMPLEMENTATIONS = Path("tests/implementations")

needs_node = pytest.mark.skipif(
    shutil.which("node") is None, reason="node is missing (Debian: nodejs)"
)


def works(command: str) -> bool:
    """Whether a compiler works: rustup installs the command also without a toolchain."""
    if shutil.which(command) is None:
        return False
    if command != "rustc":
        return True
    return subprocess.run([command, "--version"], capture_output=True).returncode == 0


class Judged(NamedTuple):
    """One run of the suite: its exit status, its output and its reports."""

    status: int
    stdout: str
    stderr: str
    header: dict[str, Any]
    results: list[dict[str, Any]]
    footer: dict[str, Any]

    def ids(self, verdict: str) -> set[str]:
        return {result["id"] for result in self.results if result["verdict"] == verdict}

    def message(self, identity: str) -> str:
        return str(next(one["message"] for one in self.results if one["id"] == identity))


def conformance(*arguments: str, timeout: float = 240) -> subprocess.CompletedProcess[str]:
    return forking.run(
        [sys.executable, "-m", "conformance", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def judge(report: Path, *arguments: str) -> Judged:
    if not any(word.startswith("--jobs") for word in arguments):
        # Other tests run at the same time: more workers would cost more than they save.
        arguments = (*arguments, "--jobs=1")
    # (a whole profile, or seven, on a machine with twenty other programs)
    done = conformance("run", *arguments, f"--report={report}", timeout=600)
    return Judged(done.returncode, done.stdout, done.stderr, *read(report))


def kept(folder: Path, target: str) -> str:
    """A target whose server is kept for many scenarios, unless a requirement is about the process.

    The verdicts are the same. Without this, most of the time goes into starting Node.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = f"[targets.kept]\ncommand = {json.dumps(target)}\ndirectory = {json.dumps(str(ROOT))}\n"
    (folder / "kept.toml").write_text(f'{text}scope = "worker"\n', encoding="utf-8")
    return f"@{folder / 'kept.toml'}"


def read(report: Path) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    rows = [json.loads(line) for line in (report / "results.jsonl").read_text().splitlines()]
    return rows[0], rows[1:-1], rows[-1]
