"""Servers that try to get a better verdict than they deserve, or to harm the others.

tests/implementations/adversaries/ holds them, one trick in each.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from .judging import ROOT
from .test_class import CASE, judged, on_linux, still_there, written

ADVERSARIES = ROOT / "tests/implementations/adversaries"

pytestmark = on_linux


def adversary(name: str, key: str | None = None) -> str:
    """The table of a target that plays this trick."""
    return (
        f'[targets.{key or name}]\ncommand = "{sys.executable} {name}.py {{port}}"\n'
        f'directory = "{ADVERSARIES}"\n'
    )


@pytest.mark.parametrize("trick", ["forge_file", "forge_link", "kill_parent"])
def test_no_verdict_is_forged(trick: str, tmp_path: Path) -> None:
    at = written(tmp_path, adversary(trick) + adversary("right", "neighbour"))
    done, rows = judged(at, tmp_path / "report", CASE, "--deadline=3", "--jobs=2")
    assert rows["neighbour"]["exit"] == 0, done.stdout
    assert rows[trick]["exit"] in (6, 8), done.stdout
    assert rows[trick]["counts"] == {}
    if rows[trick]["exit"] == 8:
        assert rows[trick]["faults"] == ["not judged: the judge was killed (SIGKILL)"]
    assert still_there(tmp_path) == []
