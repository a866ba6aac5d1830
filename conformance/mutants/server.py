"""A broken server, as a command.

    python server.py PROFILE/NAME ADDRESS [key=value ...]

The same command line as the reference servers; ``conformance list --mutants`` names them.
"""

import os
import sys

# Three folders up: started with -I -S, Python knows the standard library only.
sys.path.insert(0, os.path.abspath(os.path.join(__file__, *[os.pardir] * 3)))

from conformance.mutants.catalogue import MUTANTS
from conformance.reference.python.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], {name: mutant.service for name, mutant in MUTANTS.items()}))
