"""``python -m pync`` and the command ``pync``: the only module that exits."""

from __future__ import annotations

import gc
import os
import sys

from .core import become_command
from .waiting.signalling import signal

#: The number of new objects after which the garbage collector runs: more than a start makes, as
#: none of these is garbage. (This run and the one at the end were a tenth of the instructions of a
#: short command.)
_OBJECTS = 20_000

#: Whether Python counts references, so that the collector is only for cycles (not in PyPy).
_COUNTS = sys.implementation.name == "cpython"


def run() -> None:
    """Run the command: the entry point."""
    if sys.argv[1:2] == ["conformance"]:
        from . import suite

        if suite.is_meant(sys.argv):
            sys.exit(suite.run("conformance"))
    elif sys.argv[1:2] == ["install-links"]:
        from . import cli, links

        if links.is_meant(sys.argv):
            sys.exit(cli.answer(links.install, sys.argv))
    if sys.platform != "win32" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # Python's own handler would show a traceback of the current import.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    become_command()
    if _COUNTS:
        gc.set_threshold(_OBJECTS, 10, 10)
    try:
        from .cli import execute
        from .core.errors import Terminated

        status = execute()
    except KeyboardInterrupt:
        status = _die(signal.SIGINT)
    except Terminated as ended:
        status = _die(ended.number)
    if _COUNTS:
        gc.freeze()
    sys.exit(status)


def _die(number: int) -> int:
    """End by the signal that has ended the program: otherwise, a shell's loop would continue.

    Returns the exit status where this is not possible: on Windows, and for the first process of a
    container, which a signal's default action does not end (pid_namespaces(7)).
    """
    if sys.platform != "win32":
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    return 128 + number


if __name__ == "__main__":
    run()
