"""What is typed: one USAGE per dialect, read into one immutable Config.

A dialect also has its own words for what happens (``say``) and for what goes wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple

from ..core.config import Config
from ..core.events import Event

#: Dialect -> module in this package.
DIALECTS = {"pync": "pync"}


class Dialect(NamedTuple):
    """One command line: its text, how it is read, and how it speaks."""

    name: str
    usage: str
    parse: Callable[[list[str]], Config]
    say: Callable[[Event, Config, bool], str | None]


def load(name: str) -> Dialect:
    """The dialect of that name; only its module is imported."""
    module = import_module(f".{DIALECTS[name]}", __name__)
    return Dialect(name, module.USAGE, module.parse, module.say)
