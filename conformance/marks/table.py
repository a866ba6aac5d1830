"""grades.csv: a row for each target, for whatever reads tables (RFC 4180)."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from .score import Score, shown


def table(scores: Mapping[str, tuple[Score, str]]) -> str:
    """The file.

    Arguments:
        scores: of each target, with what is to be said of it (why it was stopped, or has none).
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
    """Text that no spreadsheet takes for a formula; a server may have written it."""
    line = " ".join(text.split())
    return f"'{line}" if line[:1] in ("=", "+", "-", "@") else line
