"""A broken client, as a command.

    python client.py client-echo/NAME HOST PORT [key=value ...]

The command line is that of the reference client; ``conformance list --mutants`` lists the mutants.
"""

import os
import sys
from importlib.machinery import ModuleSpec

if __name__ == "__main__":
    # The file was started with -I -S, so Python finds only the standard library, and no package.
    # The folder that contains the suite's package, whatever its name, is three levels up.
    _AT = os.path.abspath(__file__).split(os.sep)
    sys.path.insert(0, os.sep.join(_AT[:-3]))
    __spec__ = ModuleSpec(".".join([*_AT[-3:-1], "__main__"]), None)

from ..reference.python.client import main
from .client_echo import MUTANTS

if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], MUTANTS[sys.argv[1]].service))
