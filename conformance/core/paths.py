"""Paths as a person would type them here."""

from __future__ import annotations

import os


def shown(path: str) -> str:
    """The path, relative where it lies below the current folder."""
    try:
        below = os.path.relpath(path)
    except (OSError, ValueError):  # the folder has gone; on Windows, another drive
        return path
    return path if below == os.pardir or below.startswith(os.pardir + os.sep) else below
