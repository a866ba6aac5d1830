"""``python -m conformance``: the only place of the suite that exits."""

from __future__ import annotations

import os
import sys
import traceback

from .cli import main
from .core.interruption import end_as_interrupted
from .core.output import complain
from .core.verdict import Exit, cause_of


def run() -> None:
    """Entry point of the command ``pync-conformance``."""
    end_as_interrupted()
    if not _has_standard_streams():
        complain("standard output is closed")
        sys.exit(Exit.INTERNAL_ERROR)
    try:
        status = main(sys.argv[1:])
    except KeyboardInterrupt:
        status = Exit.INTERRUPTED
    except OSError as error:
        # The machine's: no space in the folder for temporary files, no descriptor left.
        where = f"{error.filename}: " if error.filename else ""
        complain(f"{where}{cause_of(error)}")
        status = Exit.INTERNAL_ERROR
    except Exception:
        complain(f"internal error\n{traceback.format_exc()}")
        status = Exit.INTERNAL_ERROR
    sys.exit(status)


def _has_standard_streams() -> bool:
    """Whether standard output is open; if another is not, it is /dev/null from now on.

    Otherwise the next socket would get its number, and children would write to it.
    """
    has_output = True
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            has_output = has_output and number != 1
            os.open(os.devnull, os.O_RDWR)  # the lowest that is free: this number
            if number != 1:
                name = "stderr" if number else "stdin"
                mode = "w" if number else "r"
                stream = open(number, mode, encoding="utf-8")  # noqa: SIM115 - stays open
                setattr(sys, name, stream)
    return has_output


if __name__ == "__main__":
    run()
