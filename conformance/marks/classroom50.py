"""Classroom 50's result.json (classroom50/result/v1), written if its runner started the suite.

The runner names the submission in the environment; without it no file is written. Scores must be
whole numbers: the weights are multiplied until all of them are. A student can read the file, so
all hidden requirements are one line in it.
"""

from __future__ import annotations

import json
import math
import os
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..reports.results import Results
from .score import Mark, Score

SCHEMA = "classroom50/result/v1"

#: Field of the file -> environment variable of the runner.
_NAMED = {
    "classroom": "CLASSROOM",
    "assignment": "ASSIGNMENT",
    "submission": "SUBMISSION_TAG",
    "commit": "COMMIT_URL",
    "release": "RELEASE_URL",
}

#: The tag of a submission begins with its time: submit/2026-06-01T14-32-05Z-a1b2c3d.
_TAG = re.compile(r"submit/(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)Z-")


def write_classroom50(path: Path, results: Results, score: Score) -> None:
    """Write the file, if the runner of Classroom 50 has started this process. Raises OSError."""
    if all(name in os.environ for name in _NAMED.values()):
        text = json.dumps(classroom50(results, score, dict(os.environ)), indent=1) + "\n"
        path.write_text(text, encoding="ascii")


def classroom50(results: Results, score: Score, environment: dict[str, str]) -> dict[str, Any]:
    """Return the file's content, for a target that has a score."""
    tests = _tests(score)
    named = {field: environment[name] for field, name in _NAMED.items()}
    tag = _TAG.match(named["submission"])
    written = results.header["written"]
    return {
        "schema": SCHEMA,
        **named,
        "review": environment.get("REVIEW_URL") or named["commit"],
        "datetime": f"{tag[1]}T{tag[2]}:{tag[3]}:{tag[4]}Z" if tag else written,
        "graded_at": written,
        "score": sum(test["score"] for test in tests),
        "max-score": sum(test["max-score"] for test in tests),
        "tests": tests,
    }


def _tests(score: Score) -> list[dict[str, Any]]:
    counted = [mark for mark in score.marks if mark.maximum]
    if not counted:
        # The server does not start: the points that it gets nevertheless, out of all points.
        parts = [("the server starts", score.total or Fraction(0), score.points)]
    else:
        shown = [mark for mark in counted if not mark.hidden]
        hidden = [mark for mark in counted if mark.hidden]
        parts = [(mark.id, mark.score, mark.maximum) for mark in shown]
        if hidden:
            parts.append(("what is not shown", *_sums(hidden)))
    # The points may be fractions such as thirds; only their proportions matter.
    scale = math.lcm(*(number.denominator for _, *both in parts for number in both))
    divisor = math.gcd(*(int(number * scale) for _, *both in parts for number in both))
    return [
        {
            "test-name": name,
            "passed": got == most,
            "score": int(got * scale) // divisor,
            "max-score": int(most * scale) // divisor,
        }
        for name, got, most in parts
    ]


def _sums(marks: list[Mark]) -> tuple[Fraction, Fraction]:
    got = sum((mark.score for mark in marks), Fraction(0))
    return got, sum((mark.maximum for mark in marks), Fraction(0))
