"""Words of the command mode: abbreviations, and tables of help. Pure."""

from __future__ import annotations

from collections.abc import Iterable


def found(word: str, names: Iterable[str]) -> str | None:
    """Return the name that a word abbreviates; None if there is none, ``""`` if several."""
    word = word.lower()
    fits = [name for name in names if name.startswith(word)]
    if word in fits:
        return word
    return fits[0] if len(fits) == 1 else "" if fits else None


def table(rows: Iterable[tuple[str, str]], width: int = 16) -> str:
    """Return a table of names and their descriptions, in columns."""
    return "\n".join(f"{name:<{width}}{text}" for name, text in rows)
