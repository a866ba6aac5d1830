"""Parse the command line with docopt, and report errors in it.

The commands themselves are in commands/.
"""

from __future__ import annotations

import re
import sys

import docopt

from .commands import COMMANDS, run
from .core import style
from .core.invocation import ALONE, hint
from .core.nearest import meant
from .core.output import complain, say, silence
from .core.verdict import Exit, NotWritten, SuiteFailed, Unreachable, WrongUsage
from .usage import USAGE, version_line


def main(argv: list[str]) -> Exit:
    """Run one command line, and return the exit status."""
    try:
        return _main(argv)
    except WrongUsage as error:
        return _wrong(str(error))
    except (SuiteFailed, Unreachable, NotWritten) as error:
        complain(str(error), tuple(getattr(error, "output", ())))
        return error.exit
    except BrokenPipeError:
        # The reader of the output has closed it (| head), so no message is possible.
        silence(sys.stdout)
        return Exit.INTERRUPTED


def _main(argv: list[str]) -> Exit:
    if argv == [ALONE]:
        from .batch.isolated import judge_what_is_asked

        return judge_what_is_asked()
    try:
        given = docopt.docopt(USAGE, argv, default_help=False)
    except docopt.DocoptExit as error:
        return _wrong(_complaint(argv, str(error)))
    for flag, value in given.items():
        # docopt uses any following word as the value of an option.
        if flag.startswith("--") and str(value).startswith("--"):
            return _wrong(f"{flag} needs a value, and is followed by {value}")
    if given["--version"]:
        say(version_line())
        return Exit.CONFORMANT
    style.choose(given["--color"])
    return run(next(name for name in COMMANDS if given[name]), given)


#: The arguments that some commands require.
_TAKES = {
    "new": "the NAME of a profile, and perhaps a folder: new shout [DIR]",
    "record": "one TARGET: quote a command with arguments, as 'node server.js {port}'",
    "explain": "the ID of a requirement, as in: explain echo/half-close",
    "matrix": "the reports of one or several runs: matrix DIR...",
    "merge": "the reports of all shards of a run: merge DIR...",
    "diff": "the reports of two runs: diff BEFORE AFTER",
    "baseline": "the file to write: baseline --expect=FILE [--report=DIR]",
}


def _complaint(argv: list[str], said: str) -> str:
    """Return one line that says what is wrong; docopt's own message is for programmers."""
    if not argv:
        return f"a command is missing: {_known()}"
    if argv[0] not in COMMANDS:
        return f"unknown command {argv[0]!r}{meant(argv[0], COMMANDS) or f': {_known()}'}"
    known = set(re.findall(r"--[a-z]+(?:-[a-z]+)*", USAGE))
    for word in argv[1:]:
        flag = word.partition("=")[0]
        if flag.startswith("--") and not any(name.startswith(flag) for name in known):
            return f"unknown option {flag}{meant(flag, known)}"
    first = said.splitlines()[0] if said else ""
    if "requires argument" in first:
        return f"{first.split()[0]} needs a value"
    for word in argv[1:]:
        flag = word.partition("=")[0]
        if flag.startswith("--") and flag not in _taken(argv[0]):
            return f"{argv[0]} takes no option {flag} (see --help)"
    host, port = [*argv[1:3], "", ""][:2]
    if argv[0] in ("run", "doctor") and port.isascii() and port.isdecimal():
        return f"{argv[0]} takes one TARGET; for a running server write tcp://{host}:{port}"
    if argv[0] in ("run", "doctor") and sum(not word.startswith("-") for word in argv) > 2:
        return f"{argv[0]} takes one TARGET: quote a command with arguments, as 'node server.js'"
    if argv[0] in _TAKES:
        return f"{argv[0]} takes {_TAKES[argv[0]]}"
    return f"these arguments cannot be combined: {' '.join(argv)} (see {hint('--help')})"


def _taken(command: str) -> str:
    """Return the usage of a command: its forms with their options."""
    forms = re.findall(rf"^  conformance {command} .*(?:\n {{10,}}.*)*", USAGE, re.MULTILINE)
    return " ".join(forms)


def _known() -> str:
    *names, last = COMMANDS
    return f"{', '.join(names)} or {last}"


def _wrong(line: str) -> Exit:
    complain(line)
    return Exit.USAGE
