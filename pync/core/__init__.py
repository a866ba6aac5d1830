"""Values and errors that all other parts use. No I/O, no policy."""

from __future__ import annotations

import sys

from .typed import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

#: The version of pync and of the suite; pyproject.toml reads it from here.
VERSION = "0.1.0"

#: Whether this process runs the command ``pync``, and is not a program that uses the library.
is_command = False

#: The subcommands of ``pync conformance``.
SUITE_COMMANDS = frozenset(
    {
        *("run", "list", "explain", "selftest", "doctor", "new", "record"),
        *("matrix", "merge", "diff", "baseline"),
    }
)


def become_command() -> None:
    """Note that this process runs the command."""
    global is_command
    is_command = True


def load_module(name: str) -> ModuleType:
    """Return the module of that full name, imported when it is not yet.

    importlib has a function for this, but its import takes 2 to 4 % of a start.
    """
    __import__(name)
    return sys.modules[name]
