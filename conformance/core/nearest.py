"""What a person probably meant by a name that does not exist. Pure."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """The known name that resembles it most, None when none does.

    Arguments:
        likeness: how alike they must be, from 0 to 1 (difflib's ratio).
    """
    # Only who has typed something wrong pays for the import.
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, list(known), 1, likeness)), None)


def meant(name: str, known: Iterable[str]) -> str:
    """`` (did you mean NAME?)`` with the nearest known name; empty when none is near."""
    near = nearest(name, known)
    return f" (did you mean {near}?)" if near else ""
