"""Parse numbers and lists on the command line."""

from __future__ import annotations

import re

from ..core.number import whole
from ..core.verdict import WrongUsage


def words(text: str | None) -> tuple[str, ...]:
    """Return the items of a list separated by commas."""
    return tuple(word for word in (text or "").split(",") if word)


def seconds(text: str) -> float:
    """Return the value of --deadline. Raises WrongUsage."""
    if not re.fullmatch(r"\d+(\.\d+)?", text) or not 0 < float(text) <= 3600:
        raise WrongUsage(f"--deadline: {text!r} is not a number of seconds, above 0 and up to 3600")
    return float(text)


def count(text: str | None, flag: str = "--jobs") -> int | None:
    """Return a number of workers or failures, None if none is given. Raises WrongUsage."""
    if text is None:
        return None
    number = whole(text, 256)
    if not number:
        raise WrongUsage(f"{flag}: {text!r} is not a number between 1 and 256")
    return number
