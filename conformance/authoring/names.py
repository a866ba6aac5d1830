"""Names of profiles: check a name, and make one from a file's name. No I/O."""

from __future__ import annotations

import re
from collections.abc import Collection

from ..core.verdict import WrongUsage

#: Lower-case letters, digits and single hyphens, beginning with a letter.
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")

#: The most characters of a name, because it is in every line of a report.
LONGEST = 40


def check_name(name: str, built_in: Collection[str]) -> None:
    """Check that a profile may have this name.

    Arguments:
        built_in: the names that are already in use.
    Raises WrongUsage.
    """
    if not _NAME.fullmatch(name):
        raise WrongUsage(
            f"{name!r} cannot be the name of a profile: use small letters, digits and "
            "hyphens, beginning with a letter"
        )
    if len(name) > LONGEST:
        raise WrongUsage(f"the name {name!r} is too long: {LONGEST} letters at most")
    if name in built_in:
        raise WrongUsage(f"{name!r} is a built-in profile; choose another name")


def name_for(stem: str, built_in: Collection[str]) -> str:
    """Return a name for the profile in a file, made from the file's name without its ending."""
    words = re.findall(r"[a-z0-9]+", stem.lower())
    name = "-".join(words)[:LONGEST].rstrip("-")
    if not name or not name[0].isalpha() or name in built_in:
        name = f"recorded-{name}"[:LONGEST].rstrip("-")
    return name
