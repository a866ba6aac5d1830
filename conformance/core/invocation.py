"""How the suite was started: what it prints to be pasted begins with the same words.

It can be started as ``pync-conformance``, ``pync conformance``, ``python -m`` and the package
(conformance in a checkout, pync_conformance where it is installed), by ``make conformance``, and
from a project's own pytest. A line that a person pastes must find the same Python.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping

from .paths import shown

#: The name of the package.
SUITE = __name__.removesuffix(".core.invocation")

#: The word that makes a process the judge of one target (batch/isolated.py); no person types it.
ALONE = "alone"

#: The installed command.
SCRIPT = "pync-conformance"

#: ``make conformance`` sets this variable to "make"; it is gone before anything else is started.
_BY = "PYNC_CONFORMANCE_BY"
_MAKE = ("make", "conformance")

_words: tuple[str, ...] = ()
_by_make = False


def remember(*subcommand: str) -> None:
    """Keep how this process was started; ``subcommand`` is what followed another program's name."""
    global _words, _by_make
    _words = _started(subcommand)
    _by_make = os.environ.pop(_BY, "") == "make"


def command() -> tuple[str, ...]:
    """The words before ``run``, ``list`` and so on."""
    return _words or _started(())


def run_command() -> tuple[str, ...]:
    """The words before the target: with ``run``, or make's, whose options are variables."""
    return _MAKE if _by_make else (*command(), "run")


def hint(*words: str) -> str:
    """A line that shows more: ``hint("list")``."""
    return joined(*command(), *words)


def command_line(started: tuple[str, ...], target: str, options: Mapping[str, str]) -> str:
    """A line to paste.

    Arguments:
        started: the words that it begins with.
        target: empty for the default.
        options: names, without the dashes, and values.
    """
    if started == _MAKE:
        given = {"target": target} if target else {}
        variables = [f"{name.upper()}={value}" for name, value in {**given, **options}.items()]
        return joined(*started, *variables)
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    return joined(*started, *filter(None, [target]), *words)


def joined(*words: str) -> str:
    """Words as a command line, quoted for the shell of this system."""
    return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)


def _started(subcommand: tuple[str, ...]) -> tuple[str, ...]:
    argv0 = sys.argv[0]
    name = os.path.basename(argv0).lower().removesuffix(".exe")
    module = os.path.basename(os.path.dirname(os.path.abspath(argv0)))
    if name == "__main__.py" and (subcommand or module == SUITE):
        return (python(), "-m", module, *subcommand)
    if subcommand or name == SCRIPT:
        return (_short(argv0), *subcommand)
    # A project's own pytest, or a program that uses the suite as a library.
    script = os.path.join(os.path.dirname(sys.executable), SCRIPT)
    if SUITE != "conformance" and shutil.which(script):
        return (_short(script),)
    return (python(), "-m", SUITE)


def python() -> str:
    """The interpreter as a shell finds it here: by its name where that means this one."""
    for name in ("python", "python3"):
        found = shutil.which(name)
        if found and os.path.abspath(found) == os.path.abspath(sys.executable):
            return name
    return _from_here(sys.executable)


def _short(program: str) -> str:
    """The name of a program where a shell finds it by that, else its path."""
    name = os.path.basename(program)
    found = shutil.which(name)
    if found and os.path.abspath(found) == os.path.abspath(shutil.which(program) or program):
        return name
    return _from_here(program)


def _from_here(path: str) -> str:
    """The path, relative where it is below the current folder."""
    path = os.path.abspath(path)
    below = shown(path) if os.getcwd() != os.sep else path
    return below if os.sep in below else os.path.join(os.curdir, below)
