"""Paths: which words are one, and how a person would type one here. Pure but for the folder."""

from __future__ import annotations

import os


def is_path(word: str) -> bool:
    """Whether a word that may name a profile or a module means a file: by a slash or its ending."""
    return "/" in word or os.sep in word or word.endswith((".py", ".toml"))


def shown(path: str) -> str:
    """The path, relative where it lies below the current folder."""
    try:
        below = os.path.relpath(path)
    except (OSError, ValueError):  # the folder has gone; on Windows, another drive
        return path
    return path if below == os.pardir or below.startswith(os.pardir + os.sep) else below
