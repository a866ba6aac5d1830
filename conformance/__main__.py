"""The command ``pync-conformance``: the only place where the suite exits.

This module imports only the standard library, because other packages may not be installed.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path

from .core.interruption import end_as_interrupted
from .core.invocation import command, joined, python, remember
from .core.output import complain, finish, say, silence
from .core.verdict import Exit, NotWritten, cause_of
from .usage import help_for, version_line

#: The modules that the extra ``conformance`` installs.
_EXTRA = {"docopt", "execnet", "pexpect", "pluggy", "ptyprocess", "pytest", "tomli", "xdist"}

#: The packages that contain them.
_PACKAGES = (
    *("docopt-ng", "pexpect", "pytest", "pytest-xdist"),
    *(("tomli",) if sys.version_info < (3, 11) else ()),
)


def run(*subcommand: str) -> None:
    """Run the command line and exit.

    Arguments:
        subcommand: the words after the name of another program (pync) that starts the suite.
    """
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
        # The reader of the output has closed it (| head), so no message is possible.
        silence(sys.stdout)
        status = Exit.INTERRUPTED
    except NotWritten as error:
        complain(str(error))
        status = error.exit
    except OSError as error:
        # An error of the machine: no space for temporary files, or no descriptor left.
        where = f"{error.filename}: " if error.filename else ""
        complain(f"{where}{cause_of(error)}")
        status = Exit.INTERNAL_ERROR
    except Exception as error:
        # A class shows the first line only.
        line = traceback.format_exception_only(error)[-1].strip()
        complain(f"internal error: {line}\n{traceback.format_exc()}")
        status = Exit.INTERNAL_ERROR
    finish()
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

        # (The module of a command is imported when it is run.)
        return main(words)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        complain(f"{error.name} is not installed: {_how_to_install()}")
        return Exit.INTERNAL_ERROR


def _how_to_install() -> str:
    if (Path(__file__).parents[1] / "pyproject.toml").exists():
        # A checkout was started by a Python outside its virtual environment.
        return "`make conformance` sets up what the suite needs"
    return joined(python(), "-m", "pip", "install", *_PACKAGES)


def _has_standard_streams() -> bool:
    """Return whether standard output is open; replace closed standard streams by /dev/null.

    Otherwise the next socket would get the descriptor, and children would write to it.
    """
    has_output = True
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            has_output = has_output and number != 1
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free descriptor, which is this number
            if number != 1:
                name = "stderr" if number else "stdin"
                mode = "w" if number else "r"
                stream = open(number, mode, encoding="utf-8")  # noqa: SIM115 - stays open
                setattr(sys, name, stream)
    return has_output


if __name__ == "__main__":
    run()
