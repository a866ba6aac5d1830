"""Marks of a class: from verdicts to points, and what a teacher and a student get of them.

    [grade]
    points = 100                    # of a server that breaks nothing
    does_not_start = 0              # of one that cannot be judged because it does not start
    not_reached = 0                 # part of its points that a clause earns which was not judged
                                    # because what it builds on is broken, or too slow (0 to 1)
    level = "must"                  # "should": what SHOULD be so counts too
    hidden = ["echo/sigterm-*"]     # judged and counted, and not shown to the student

    [grade.weights]                 # what is not named weighs 1; the last that matches counts
    "echo/*" = 2
    "half-close" = 5
    "echo/large" = 0

``scheme.py`` reads this table, ``score.py`` computes (exactly, and rounds once), the others write.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from ..reports.results import Results
from ..reports.writing import staged, write_whole
from .classroom50 import write_classroom50
from .feedback import as_html, as_markdown
from .gradescope import gradescope
from .scheme import Scheme
from .score import Score, scored
from .table import table

#: A student's own files, in the folder of the target.
PAGES = ("feedback.html", "feedback.md")


def write_marks(folder: Path, name: str, results: Results, scheme: Scheme) -> Score:
    """Write a target's marks into its folder; returns its score. Raises OSError."""
    score = scored(results, scheme)
    with staged(folder) as stage:
        for page, text in (
            ("feedback.html", as_html(name, results, score)),
            ("feedback.md", as_markdown(name, results, score)),
        ):
            (stage / page).write_text(text, encoding="utf-8", errors="backslashreplace")
        if score.total is not None:
            # Where there is no score, the learning platform must say so, and not 0.
            text = json.dumps(gradescope(results, score), indent=1) + "\n"
            (stage / "results.json").write_text(text, encoding="ascii")
            write_classroom50(stage / "result.json", results, score)
        else:
            for old in ("results.json", "result.json"):
                (folder / old).unlink(missing_ok=True)
    return score


def write_table(folder: Path, scores: Mapping[str, tuple[Score, str]], scheme: Scheme) -> None:
    """Write the class's grades.csv, and how they came about (grade.json). Raises OSError.

    Arguments:
        scores: of each target, with what is to be said of it.
    """
    write_whole(folder / "grades.csv", table(scores))
    write_whole(folder / "grade.json", json.dumps(scheme.as_plain(), indent=1) + "\n")
