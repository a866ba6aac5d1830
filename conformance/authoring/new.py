"""``new NAME``: make a simple profile as a starting point, and a correct server for it.

The files are those of skeleton/, with the name filled in. They work without changes, and no
existing file is overwritten.
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

#: Whether the profile is written in Python -> the suffix of its file.
_FORMS = {False: "toml", True: "py"}


class Lines(NamedTuple):
    """The commands to type, in this order."""

    right: str
    broken: str
    requirements: str


def create(name: str, folder: Path | None, in_python: bool) -> None:
    """Write the skeleton, and print the commands to type.

    Arguments:
        name: the profile's name.
        folder: where to write; None is a folder with that name.
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
    """Return the commands that use the profile and its server.

    Arguments:
        folder: the folder of the files, relative to where the commands are typed.
        words: the words that start the suite; None makes them work in any folder.
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
    """Return a file of the skeleton with its capitalised placeholders replaced."""
    text = (_SKELETON / skeleton).read_text(encoding="utf-8")
    for word, value in values.items():
        text = text.replace(word, value)
    return text


def python() -> str:
    """Return the command that starts Python, for a target."""
    return "python" if sys.platform == "win32" else "python3"


def _from_anywhere() -> tuple[str, ...]:
    """Return the words that start the suite in any folder."""
    first, *rest = command()
    return (os.path.abspath(first) if os.sep in first else first, *rest)
