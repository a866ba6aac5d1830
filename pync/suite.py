"""The commands ``pync-conformance`` and ``pync conformance``: run the suite.

The suite is installed beside pync as pync_conformance; in a checkout its folder is conformance.
It is not imported before.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

from .core import SUITE_COMMANDS

#: Further words of the suite. Any other word is a port: then conformance is the name of a host.
_ABOUT = frozenset(("help", "-h", "--help", "--version"))


def is_meant(argv: list[str]) -> bool:
    """Return whether this command line is the suite's: ``pync conformance run ...``."""
    called = os.path.basename(argv[0]).lower().removesuffix(".exe")
    if (os.environ.get("PYNC_AS") or called) in (
        "nc",
        "netcat",
        "nc.traditional",
        "busybox",
        "ncat",
        "telnet",
    ):
        return False
    return argv[1:2] == ["conformance"] and (len(argv) == 2 or argv[2] in SUITE_COMMANDS | _ABOUT)


def run(*subcommand: str) -> int:
    """Run the suite: the entry point; ``subcommand``: the word of pync's command line, if any.

    Returns an exit status, or exits in the suite.
    """
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for name in ("pync_conformance", "conformance"):
        if os.path.exists(os.path.join(here, name, "SPEC.md")):
            if name == "conformance":
                # In a checkout, another project's folder of this name may come first.
                sys.path.insert(0, here)
            import_module(f"{name}.__main__").run(*subcommand)
    from .cli import refuse

    return refuse(
        "the conformance suite is not in this copy of pync: "
        "python -m pip install 'pync-nc[conformance]'"
    )
