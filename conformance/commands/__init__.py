"""The commands of the suite: they convert the command line to options and return an exit status.

Each takes the result of docopt. This package only makes options; lower layers do the work.
A command's module is imported only when it is run: the imports of the other commands would take
half of the start-up time.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from ..core.verdict import Exit

#: Command -> its module in this package, and its name in that module.
COMMANDS = {
    "run": ("judging", "run"),
    "list": ("catalogue", "list_"),
    "explain": ("catalogue", "explain"),
    "selftest": ("proving", "selftest"),
    "doctor": ("judging", "doctor"),
    "new": ("authoring", "new"),
    "record": ("authoring", "record"),
    "matrix": ("results", "matrix"),
    "merge": ("results", "merge"),
    "diff": ("results", "diff"),
    "baseline": ("results", "baseline"),
}


def run(command: str, given: dict[str, Any]) -> Exit:
    """Run a command. Raises the exceptions of the command."""
    module, name = COMMANDS[command]
    function: Callable[[dict[str, Any]], Exit] = getattr(
        import_module(f".{module}", __name__), name
    )
    return function(given)
