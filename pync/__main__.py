"""``python -m pync`` and the command ``pync``: the only place that exits."""

from __future__ import annotations

import sys


def run() -> None:
    """Entry point of the command."""
    try:
        from .cli import main

        status = main()
    except KeyboardInterrupt:
        status = 130  # ^C while still starting up
    sys.exit(status)


if __name__ == "__main__":
    run()
