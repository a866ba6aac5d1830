"""Paths: which words are paths, and how to show them. No I/O, except for the current folder."""

from __future__ import annotations

import os


def is_path(word: str) -> bool:
    """Return whether a word is a path, not the name of a profile or a module.

    A path contains a slash or has the suffix of a file.
    """
    return "/" in word or os.sep in word or word.endswith((".py", ".toml"))


def shown(path: str) -> str:
    """Return the path, relative if it is below the current folder."""
    try:
        below = os.path.relpath(path)
    except (OSError, ValueError):  # the folder was deleted; on Windows, another drive
        return path
    return path if below == os.pardir or below.startswith(os.pardir + os.sep) else below
