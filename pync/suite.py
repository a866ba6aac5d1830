"""The command ``pync-conformance``, and ``pync conformance``: hands over to the suite.

The suite is installed beside pync as pync_conformance; in a checkout its folder is conformance.
Nothing of it is imported before.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

from .core import SUITE_COMMANDS

#: May follow it too. Anything else is a port: conformance is then the name of a host.
_ABOUT = frozenset(("help", "-h", "--help", "--version"))


def is_meant(argv: list[str]) -> bool:
    """Return whether this command line is the suite's: ``pync conformance run ...``."""
    called = os.path.basename(argv[0]).lower().removesuffix(".exe")
    if (os.environ.get("PYNC_AS") or called) in (
        "nc",
        "netcat",
        "nc.traditional",
        "ncat",
        "telnet",
    ):
        return False
    return argv[1:2] == ["conformance"] and (len(argv) == 2 or argv[2] in SUITE_COMMANDS | _ABOUT)


def run(*subcommand: str) -> int:
    """Entry point; ``subcommand`` is the word by which pync was asked for the suite.

    Returns an exit status, or exits as the suite does.
    """
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for name in ("pync_conformance", "conformance"):
        if os.path.exists(os.path.join(here, name, "SPEC.md")):
            if name == "conformance":
                # A checkout: another project's folder of this name may come first.
                sys.path.insert(0, here)
            import_module(f"{name}.__main__").run(*subcommand)
    from .cli import refuse

    return refuse(
        "the conformance suite is not in this copy of pync: "
        "python -m pip install 'pync-nc[conformance]'"
    )
