"""``python -m conformance``: the only place of the suite that exits."""

from __future__ import annotations

import sys

from .cli import main


def run() -> None:
    """Entry point of the command ``pync-conformance``."""
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
