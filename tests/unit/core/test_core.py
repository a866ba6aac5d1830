"""The version, and the loading of modules."""

from __future__ import annotations

import re
import sys

import pytest

import pync
from pync.core import VERSION, load_module


def test_version() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", VERSION)
    assert pync.__version__ == VERSION


def test_load_module_by_full_name() -> None:
    assert load_module("pync.core.number") is sys.modules["pync.core.number"]
    with pytest.raises(ModuleNotFoundError):
        load_module("pync.core.nothing")
