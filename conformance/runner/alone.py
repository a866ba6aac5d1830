"""pytest without the options and plugins that a user has set up for other tests.

The settings and plugins of a project must not change a verdict, break a run, or take time in each
process.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

#: The variable that stops pytest from loading every installed plugin.
AUTOLOAD = "PYTEST_DISABLE_PLUGIN_AUTOLOAD"

#: Variables by which a user gives every pytest options and plugins.
SETTINGS = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")

#: The same for an interpreter on another host, which has its own environment. It is appended to
#: the place in an option --tx of pytest-xdist.
ELSEWHERE = f"//env:{AUTOLOAD}=1" + "".join(f"//env:{name}=" for name in SETTINGS)

#: The plugin that is loaded nevertheless.
XDIST = ("-p", "xdist.plugin")


@contextmanager
def alone() -> Iterator[None]:
    """Set up the environment for pytest and its workers, and restore AUTOLOAD at the end."""
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
