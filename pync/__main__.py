"""``python -m pync`` and the command ``pync``: the only place that exits."""

from __future__ import annotations

import gc
import os
import signal
import sys

#: Objects after which the collector looks for garbage: more than a start makes, none of which
#: is any. (It and the look at the end were a tenth of the instructions of a short run.)
_OBJECTS = 20_000

#: Whether references are counted, and the collector is there for cycles only (not in PyPy).
_COUNTS = sys.implementation.name == "cpython"


def run() -> None:
    """Entry point of the command."""
    if sys.argv[1:2] == ["conformance"]:
        from . import suite

        if suite.is_meant(sys.argv):
            sys.exit(suite.run("conformance"))
    elif sys.argv[1:2] == ["install-links"]:
        from . import cli, links

        if links.is_meant(sys.argv):
            sys.exit(cli.answer(links.install, sys.argv))
    if sys.platform != "win32" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # Python's own handler would show a traceback of whatever is being imported.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
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
    """Die of the signal that ended us: a shell's loop stops only for a command that did so.

    Returns the exit status for where that cannot be: Windows, and the first process of a
    container, which the default action of a signal does not end (pid_namespaces(7)).
    """
    if sys.platform != "win32":
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    return 128 + number


if __name__ == "__main__":
    run()
