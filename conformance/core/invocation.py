"""How the suite was started: the commands that it prints begin with the same words.

It can be started as ``pync-conformance``, ``pync conformance``, ``python -m`` and the package
(conformance in a checkout, pync_conformance where it is installed), by ``make conformance``, and
from a project's own pytest. A command that a person pastes must run with the same Python.
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

#: The subcommand of a process that judges one target (batch/isolated.py); users do not type it.
ALONE = "alone"

#: The installed command.
SCRIPT = "pync-conformance"

#: ``make conformance`` sets this variable to "make"; remember() removes it, so that no process
#: started later inherits it.
_BY = "PYNC_CONFORMANCE_BY"
_MAKE = ("make", "conformance")

_words: tuple[str, ...] = ()
_by_make = False


def remember(*subcommand: str) -> None:
    """Store how this process was started.

    Arguments:
        subcommand: the words after the name of another program that runs the suite.
    """
    global _words, _by_make
    _words = _started(subcommand)
    _by_make = os.environ.pop(_BY, "") == "make"


def command() -> tuple[str, ...]:
    """Return the words before ``run``, ``list`` and so on."""
    return _words or _started(())


def run_command() -> tuple[str, ...]:
    """Return the words before the target: with ``run``, or those of make."""
    return _MAKE if _by_make else (*command(), "run")


def hint(*words: str) -> str:
    """Return a command that shows more, such as ``hint("list")``."""
    return joined(*command(), *words)


def command_line(started: tuple[str, ...], target: str, options: Mapping[str, str]) -> str:
    """Return a command line to paste.

    Arguments:
        started: the first words of the command.
        target: the target; empty for the default.
        options: names, without the dashes, and values; make gets them as variables.
    """
    if started == _MAKE:
        given = {"target": target} if target else {}
        variables = [f"{name.upper()}={value}" for name, value in {**given, **options}.items()]
        return joined(*started, *variables)
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    return joined(*started, *filter(None, [target]), *words)


def joined(*words: str) -> str:
    """Return the words as a command line, quoted for the shell of this system."""
    return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)


def _started(subcommand: tuple[str, ...]) -> tuple[str, ...]:
    argv0 = sys.argv[0]
    name = os.path.basename(argv0).lower().removesuffix(".exe")
    module = os.path.basename(os.path.dirname(os.path.abspath(argv0)))
    if name == "__main__.py" and (subcommand or module == SUITE):
        return (python(), "-m", module, *subcommand)
    if subcommand or name == SCRIPT:
        return (_short(argv0), *subcommand)
    # The suite runs in a project's own pytest, or in a program that uses it as a library.
    script = os.path.join(os.path.dirname(sys.executable), SCRIPT)
    if SUITE != "conformance" and shutil.which(script):
        return (_short(script),)
    return (python(), "-m", SUITE)


def python() -> str:
    """Return the interpreter for a shell: its name if the shell finds it by name, else its path."""
    for name in ("python", "python3"):
        found = shutil.which(name)
        if found and os.path.abspath(found) == os.path.abspath(sys.executable):
            return name
    return _from_here(sys.executable)


def _short(program: str) -> str:
    """Return the name of a program if the shell finds it by name, else its path."""
    name = os.path.basename(program)
    found = shutil.which(name)
    if found and os.path.abspath(found) == os.path.abspath(shutil.which(program) or program):
        return name
    return _from_here(program)


def _from_here(path: str) -> str:
    """Return the path, relative if it is below the current folder."""
    path = os.path.abspath(path)
    below = shown(path) if os.getcwd() != os.sep else path
    return below if os.sep in below else os.path.join(os.curdir, below)
