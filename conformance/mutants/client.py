"""A broken client, as a command.

    python client.py client-echo/NAME HOST PORT [key=value ...]

The same command line as the reference client; ``conformance list --mutants`` names them.
"""

import os
import sys
from importlib.machinery import ModuleSpec

if __name__ == "__main__":
    # Started as a file, with -I -S: Python knows the standard library only, and no package.
    # Three folders up is the one that the suite's package is in, whatever its name.
    _AT = os.path.abspath(__file__).split(os.sep)
    sys.path.insert(0, os.sep.join(_AT[:-3]))
    __spec__ = ModuleSpec(".".join([*_AT[-3:-1], "__main__"]), None)

from ..reference.python.client import main
from .client_echo import MUTANTS

if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], MUTANTS[sys.argv[1]].service))
