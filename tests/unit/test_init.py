"""The public names of the package: loaded on first use, and complete."""

from __future__ import annotations

import subprocess
import sys

import pytest

import pync


@pytest.mark.parametrize("name", pync.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    assert getattr(pync, name).__doc__


def test_what_is_not_there_says_so() -> None:
    with pytest.raises(AttributeError, match="'pync' has no attribute 'nothing'"):
        pync.nothing  # noqa: B018


def test_importing_it_loads_nothing_else() -> None:
    script = "import sys, pync; print(*(name for name in sys.modules if name.startswith('pync')))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert loaded.stdout.split() == [b"pync"]


def test_its_names_are_listed() -> None:
    assert set(pync.__all__) <= set(dir(pync))
