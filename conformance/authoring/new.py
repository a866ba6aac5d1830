"""``new NAME``: a profile to begin with, and a right server beside it.

The files are those of skeleton/, with the name filled in. They run as they are, and nothing
that exists is overwritten.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import NamedTuple

from ..core.invocation import SUITE, command, joined
from ..core.output import say
from ..core.verdict import WrongUsage
from ..profiles import BUILT_IN
from ..reports.writing import not_written, write_whole
from .names import check_name

_SKELETON = Path(__file__).with_name("skeleton")

#: Ending of the profile's file, by whether it is written in Python.
_FORMS = {False: "toml", True: "py"}


class Lines(NamedTuple):
    """The lines to type, in this order."""

    right: str
    broken: str
    requirements: str


def create(name: str, folder: Path | None, in_python: bool) -> None:
    """Write the skeleton, and say what to type.

    Arguments:
        name: the profile's.
        folder: where to; None is a folder of that name.
    Raises WrongUsage, NotWritten.
    """
    check_name(name, BUILT_IN.profiles)
    folder = folder or Path(name)
    form = _FORMS[in_python]
    texts = {
        f"{name}.{form}": f"profile.{form}.in",
        f"{name}-server.py": "server.py.in",
        "README.md": "README.md.in",
    }
    there = [one for one in texts if os.path.lexists(folder / one)]
    if there:
        raise WrongUsage(f"{folder / there[0]} exists already: choose another folder (DIR)")
    lines = lines_for(name, form, Path())
    values = {
        "NAME": name,
        "FORM": form,
        "PYTHON": python(),
        "SUITE": joined(*_from_anywhere()),
        "PACKAGE": SUITE,
        "LINES": "\n    ".join(lines),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one, skeleton in texts.items():
            write_whole(folder / one, filled(skeleton, values))
    except OSError as error:
        raise not_written(str(folder), error) from None
    for one in texts:
        say(str(folder / one))
    for line in lines_for(name, form, folder, command()):
        say(f"next: {line}")


def lines_for(name: str, form: str, folder: Path, words: tuple[str, ...] | None = None) -> Lines:
    """Return the lines that use the profile and the server beside it.

    Arguments:
        folder: where the files are, from where the lines are typed.
        words: how the suite is started; None is from any folder.
    """
    words = words or _from_anywhere()
    server, profile = folder / f"{name}-server.py", folder / f"{name}.{form}"
    path = str(profile) if profile.is_absolute() else os.path.join(os.curdir, profile)
    target = f"{python()} {shlex.quote(str(server))} {{port}}"
    return Lines(
        joined(*words, "run", target, "--profile", path),
        joined(*words, "run", f"{target} short", "--profile", path),
        joined(*words, "list", "--profile", path),
    )


def filled(skeleton: str, values: dict[str, str]) -> str:
    """Return a file of the skeleton with its words in capitals replaced."""
    text = (_SKELETON / skeleton).read_text(encoding="utf-8")
    for word, value in values.items():
        text = text.replace(word, value)
    return text


def python() -> str:
    """Return the command that starts Python, as a target names it."""
    return "python" if sys.platform == "win32" else "python3"


def _from_anywhere() -> tuple[str, ...]:
    """Return how the suite is started, from any folder."""
    first, *rest = command()
    return (os.path.abspath(first) if os.sep in first else first, *rest)
