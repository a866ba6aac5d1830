"""``python -m conformance``: the only place of the suite that exits."""

from __future__ import annotations

import sys

from .cli import main
from .interruption import end_as_interrupted
from .outcome import Exit


def run() -> None:
    """Entry point of the command ``pync-conformance``."""
    end_as_interrupted()
    try:
        status = main(sys.argv[1:])
    except KeyboardInterrupt:
        status = Exit.INTERRUPTED
    sys.exit(status)


if __name__ == "__main__":
    run()
