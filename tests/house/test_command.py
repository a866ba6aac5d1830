"""The laws of the command: its start, its options, its synopsis."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from pync.core.config import WORKED_OUT, Config
from pync.dialects import DIALECTS, load
from pync.dialects.words import options_in

ROOT = Path(__file__).parents[2]

#: Modules whose import is felt at the start.
HEAVY = {
    "asyncio",
    "argparse",
    "ctypes",
    "dataclasses",
    "inspect",
    "logging",
    "ssl",
    "subprocess",
    "threading",
}


def imported_by(code: str) -> set[str]:
    """The modules that a fresh interpreter imports for a piece of code, sites aside."""
    done = subprocess.run(
        [sys.executable, "-S", "-X", "importtime", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT)},
    )
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}


def test_the_start_pulls_in_nothing_heavy() -> None:
    assert HEAVY & (imported_by("import pync.cli") - imported_by("pass")) == set()


def test_a_heavy_start_is_seen() -> None:
    assert "logging" in HEAVY & imported_by("import logging")


def test_every_option_is_a_field_and_every_field_an_option() -> None:
    fields = set(Config._fields) - WORKED_OUT - {"target"}
    options = {
        option.long.replace("-", "_")
        for name in DIALECTS
        for option in options_in(load(name).usage)
    }
    assert options == fields


def test_the_readme_shows_the_usage_as_it_is() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"```text\n(Connect to, or listen on.*?)```", readme, re.DOTALL)
    assert shown, "README.md has no synopsis"
    assert shown.group(1) == load("pync").usage
