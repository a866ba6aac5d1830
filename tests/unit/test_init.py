"""The public names of the package: loaded on first use, and complete."""

from __future__ import annotations

import subprocess
import sys

import pytest

import pync


@pytest.mark.parametrize("name", pync.__all__)
def test_public_names_are_documented(name: str) -> None:
    assert getattr(pync, name).__doc__


def test_unknown_attribute() -> None:
    with pytest.raises(AttributeError, match="'pync' has no attribute 'nothing'"):
        pync.nothing  # noqa: B018


def test_import_loads_no_submodules() -> None:
    script = "import sys, pync; print(*(name for name in sys.modules if name.startswith('pync')))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert loaded.stdout.split() == [b"pync"]


def test_dir_lists_public_names() -> None:
    assert set(pync.__all__) <= set(dir(pync))
