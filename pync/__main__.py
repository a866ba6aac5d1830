"""``python -m pync`` and the command ``pync``: the only place that exits."""

from __future__ import annotations

import gc
import sys

#: Objects after which the collector looks for garbage: more than a start makes, none of which
#: is any. (It and the look at the end were a tenth of the instructions of a short run.)
_OBJECTS = 20_000

#: Whether references are counted, and the collector is there for cycles only (not in PyPy).
_COUNTS = sys.implementation.name == "cpython"


def run() -> None:
    """Entry point of the command."""
    if _COUNTS:
        gc.set_threshold(_OBJECTS, 10, 10)
    try:
        from .cli import main

        status = main()
    except KeyboardInterrupt:
        status = 130  # ^C while still starting up
    if status in _deaths():
        _die(status - 128)
    if _COUNTS:
        gc.freeze()
    sys.exit(status)


def _deaths() -> dict[int, str]:
    import signal

    names = ("SIGHUP", "SIGTERM")
    return {128 + getattr(signal, name): name for name in names if hasattr(signal, name)}


def _die(number: int) -> None:
    """Die by the signal that asked for it, so that our parent sees what happened."""
    import os
    import signal

    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


if __name__ == "__main__":
    run()
