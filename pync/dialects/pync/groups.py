"""The groups of options in the USAGE: ``pync --help tls`` shows one of them. Pure."""

from __future__ import annotations

import re

from .usage import USAGE


def groups() -> dict[str, str]:
    """Return the groups: name in lower case -> the group's heading and lines."""
    found = re.findall(r"^((\w+) options:\n(?: .*\n)+)", USAGE, re.MULTILINE)
    return {name.lower(): text for text, name in found}
