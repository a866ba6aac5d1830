"""Tests of Windows' own matters: a pipe's name for each, and Windows."""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

_numbers = itertools.count()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Nothing here makes sense anywhere else."""
    if sys.platform == "win32":
        return
    # (Of all tests: Path.parents of each would take a twentieth of the time that collecting takes.)
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.skip(reason="only on Windows"))


@pytest.fixture
def name() -> str:
    """A name of a pipe that nobody else has."""
    return f"pync-{os.getpid()}-{next(_numbers)}"
