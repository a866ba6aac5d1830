"""How the suite is started: what it prints to be pasted begins so.

The package has one name in a checkout and another where it is installed.
"""

from __future__ import annotations

#: The name of the package.
SUITE = __name__.removesuffix(".core.invocation")


def command() -> str:
    """The words before ``run``, ``list`` and so on."""
    return f"python -m {SUITE}"
