"""Make the suite importable under its installed name.

A user's own profile says ``from pync_conformance.api import ...``. In a checkout the package is
called ``conformance``: then the installed name must give the same modules, not a second copy.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from ..core.invocation import SUITE

#: The name of the installed package.
INSTALLED = "pync_conformance"


class _Alias(MetaPathFinder, Loader):
    """A finder of the running suite's modules under the installed name."""

    def find_spec(
        self, name: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name == INSTALLED or name.startswith(f"{INSTALLED}."):
            return ModuleSpec(name, self, is_package=True)
        return None

    def exec_module(self, module: ModuleType) -> None:
        # importlib uses the entry of sys.modules afterwards; the real module keeps its own spec.
        name = module.__name__
        sys.modules[name] = importlib.import_module(SUITE + name[len(INSTALLED) :])


def make_importable() -> None:
    """Let ``import pync_conformance`` find the running suite. Idempotent."""
    if SUITE != INSTALLED and not any(isinstance(one, _Alias) for one in sys.meta_path):
        sys.meta_path.insert(0, _Alias())
