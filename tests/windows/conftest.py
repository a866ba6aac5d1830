"""Tests that run only on Windows; each test has its own pipe name."""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

_numbers = itertools.count()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip these tests on other systems."""
    if sys.platform == "win32":
        return
    # (For each test, Path.parents would take a twentieth of the collection time.)
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.skip(reason="only on Windows"))


@pytest.fixture
def name() -> str:
    """A unique name for a pipe."""
    return f"pync-{os.getpid()}-{next(_numbers)}"
