"""A broken server, as a command.

    python server.py PROFILE/NAME ADDRESS [key=value ...]

The same command line as the reference servers; ``conformance list --mutants`` names them.
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

from ..reference.python.command import main
from .catalogue import MUTANTS

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], {name: mutant.service for name, mutant in MUTANTS.items()}))
