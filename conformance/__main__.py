"""The command ``pync-conformance``: the only place of the suite that exits.

Nothing that is not Python's own is imported here: what the suite needs may not be installed.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

from .core.interruption import end_as_interrupted
from .core.invocation import command, joined, python, remember
from .core.output import complain, say, silence
from .core.verdict import Exit, NotWritten, cause_of
from .usage import help_for, version_line

#: What the extra ``conformance`` installs, as modules.
_EXTRA = {"docopt", "execnet", "pexpect", "pluggy", "ptyprocess", "pytest", "tomli", "xdist"}

#: The packages that bring them.
_PACKAGES = (
    *("docopt-ng", "pexpect", "pytest", "pytest-xdist"),
    *(("tomli",) if sys.version_info < (3, 11) else ()),
)


def run(*subcommand: str) -> None:
    """Entry point; ``subcommand`` is the word after the name of another program (pync)."""
    end_as_interrupted()
    if not _has_standard_streams():
        complain("standard output is closed")
        sys.exit(Exit.INTERNAL_ERROR)
    remember(*subcommand)
    try:
        status = _run(sys.argv[1 + len(subcommand) :])
    except KeyboardInterrupt:
        status = Exit.INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has left (| head): nobody is told.
        silence(sys.stdout)
        status = Exit.INTERRUPTED
    except NotWritten as error:
        complain(str(error))
        status = error.exit
    except OSError as error:
        # The machine's: no space in the folder for temporary files, no descriptor left.
        where = f"{error.filename}: " if error.filename else ""
        complain(f"{where}{cause_of(error)}")
        status = Exit.INTERNAL_ERROR
    except Exception:
        complain(f"internal error\n{traceback.format_exc()}")
        status = Exit.INTERNAL_ERROR
    sys.exit(status)


def _run(words: list[str]) -> Exit:
    if words[:1] == ["help"] or {"-h", "--help"} & set(words):
        say(help_for(joined(*command())).rstrip())
        return Exit.CONFORMANT
    if words == ["--version"]:
        say(version_line())
        return Exit.CONFORMANT
    try:
        from .cli import main

        # (A command is loaded when it is run.)
        return main(words)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        complain(f"{error.name} is not installed: {_how_to_install()}")
        return Exit.INTERNAL_ERROR


def _how_to_install() -> str:
    if (Path(__file__).parents[1] / "pyproject.toml").exists():
        # A checkout, started by a Python that is not its virtual environment's.
        return "`make conformance` sets up what the suite needs"
    return joined(python(), "-m", "pip", "install", *_PACKAGES)


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
