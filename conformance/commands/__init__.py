"""The commands of the suite: words of the command line in, an exit status out.

Each takes what docopt has read. Only words become options here; the wings below do the work.
A command is loaded when it is run: what another one needs would be half of a start.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from ..core.verdict import Exit

#: Command -> the module here that has it, and its name there.
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
    """Run a command. Raises what it raises."""
    module, name = COMMANDS[command]
    function: Callable[[dict[str, Any]], Exit] = getattr(
        import_module(f".{module}", __name__), name
    )
    return function(given)
