"""Guess which name a person meant by a name that does not exist. No I/O."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """Return the known name that is most similar; None if no name is similar enough.

    Arguments:
        likeness: how similar the names must be, from 0 to 1 (difflib's ratio).
    """
    # Imported here, so that only a wrong name costs the time of the import.
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, list(known), 1, likeness)), None)


def meant(name: str, known: Iterable[str]) -> str:
    """Return `` (did you mean NAME?)`` with the nearest known name; empty if none is near."""
    near = nearest(name, known)
    return f" (did you mean {near}?)" if near else ""
