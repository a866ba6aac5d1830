"""Gradescope's results.json, in the format of its autograder specifications.

A hidden requirement has ``visibility: hidden``: Gradescope shows it only to teachers.
"""

from __future__ import annotations

from typing import Any

from ..reports.results import Results
from .score import Mark, Score, shown
from .told import Told, told

#: The digits of a requirement's points: enough that their sum is equal to the score.
_DIGITS = 4


def gradescope(results: Results, score: Score) -> dict[str, Any]:
    """Return the file's content, for a target that has a score."""
    assert score.total is not None
    what = told(results, score)
    tests = [_test(mark, what) for mark in score.marks]
    return {
        "score": float(shown(score.total)),
        "output": "\n".join(what.introduction),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "stdout_visibility": "hidden",
        "tests": tests,
    }


def _test(mark: Mark, what: Told) -> dict[str, Any]:
    own = what.of(mark)
    found: dict[str, Any] = {
        "name": f"{mark.id}: {own.requires}" if own.requires else mark.id,
        "output": own.text,
        "tags": [mark.profile, mark.level],
        "visibility": "hidden" if mark.hidden else "visible",
    }
    if mark.credit is None or not mark.maximum:
        return found
    return {
        **found,
        "score": float(shown(mark.score, _DIGITS)),
        "max_score": float(shown(mark.maximum, _DIGITS)),
        "status": "passed" if mark.credit == 1 else "failed",
    }
