"""grades.csv: a row for each target, for spreadsheets (RFC 4180)."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from .score import Score, shown


def table(scores: Mapping[str, tuple[Score, str]]) -> str:
    """Return the file.

    Arguments:
        scores: for each target its score and a note (why it was stopped, or has no score).
    """
    profiles = list(
        dict.fromkeys(profile for score, _ in scores.values() for profile in score.by_profile())
    )
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["name", *profiles, "total", "points", "state", "not judged", "note"])
    for name, (score, note) in scores.items():
        parts = score.by_profile() if score.total is not None else {}
        writer.writerow(
            [
                _inert(name),
                *(shown(parts[one]) if one in parts else "" for one in profiles),
                "" if score.total is None else shown(score.total),
                shown(score.points),
                score.state,
                " ".join(mark.id for mark in score.unjudged),
                _inert(note),
            ]
        )
    return text.getvalue()


def _inert(text: str) -> str:
    """Return a text that no spreadsheet treats as a formula; it may come from a server."""
    line = " ".join(text.split())
    return f"'{line}" if line[:1] in ("=", "+", "-", "@") else line
