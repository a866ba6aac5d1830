"""A broken client, as a command.

    python client.py client-echo/NAME HOST PORT [key=value ...]

The same command line as the reference client; ``conformance list --mutants`` names them.
"""

import os
import sys

# Three folders up: started with -I -S, Python knows the standard library only.
sys.path.insert(0, os.path.abspath(os.path.join(__file__, *[os.pardir] * 3)))

from conformance.mutants.client_echo import MUTANTS
from conformance.reference.python.client import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], MUTANTS[sys.argv[1]].service))
