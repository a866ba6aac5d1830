"""pytest as the suite runs it: without what a user has set up for other tests.

Settings and plugins of a project must not change a verdict, nor break a run, nor take time in each
process.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

#: The variable that keeps pytest from loading every plugin that is installed.
AUTOLOAD = "PYTEST_DISABLE_PLUGIN_AUTOLOAD"

#: Variables by which a user gives every pytest options and plugins.
SETTINGS = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")

#: The same for an interpreter elsewhere, which has an environment of its own: follows its place.
ELSEWHERE = f"//env:{AUTOLOAD}=1" + "".join(f"//env:{name}=" for name in SETTINGS)

#: What is loaded nevertheless.
XDIST = ("-p", "xdist.plugin")


@contextmanager
def alone() -> Iterator[None]:
    """The environment for pytest and its workers."""
    for name in SETTINGS:
        os.environ.pop(name, None)
    before = os.environ.get(AUTOLOAD)
    os.environ[AUTOLOAD] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[AUTOLOAD]
        else:
            os.environ[AUTOLOAD] = before
