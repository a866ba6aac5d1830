"""The version."""

from __future__ import annotations

import re

import pync
from pync.core import VERSION


def test_the_version() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", VERSION)
    assert pync.__version__ == VERSION
