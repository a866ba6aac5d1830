"""Convert verdicts to points. No I/O; exact fractions, which are rounded only when shown.

A requirement is worth its weight. If it was judged over several transports, each is an equal
part of it. A requirement that could not be judged (the machine cannot do it, a parameter makes it
meaningless, the suite failed) is left out of the sum, so that it costs nothing. A requirement that
was not judged because one that it needs is broken, or because the server is too slow, earns what
the scheme says, usually nothing: otherwise a server could gain points by breaking the needed
requirement, or by being slow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from ..core.verdict import MEANING, Exit
from ..reports.results import Results
from .scheme import Scheme

#: Verdicts that earn points, and those that do not; the others are left out.
_EARNS, _EARNS_NOT = ("PASS", "XPASS"), ("FAIL", "FLAKY", "WARN", "XFAIL")

#: The signature of a case that was not judged because the server is slow.
_TOO_SLOW = "too-slow"

#: The exit statuses of a run whose results are incomplete, or missing because of the suite.
_NO_VERDICT = (Exit.INTERRUPTED, Exit.INTERNAL_ERROR)


class Mark(NamedTuple):
    """The mark of one requirement; ``credit`` is None if it could not be judged."""

    id: str
    profile: str
    level: str
    hidden: bool
    credit: Fraction | None
    score: Fraction
    maximum: Fraction


class Score(NamedTuple):
    """The score of a target; ``total`` is None if there is no verdict, through no fault of it."""

    total: Fraction | None
    points: Fraction
    marks: tuple[Mark, ...]
    state: str

    @property
    def unjudged(self) -> list[Mark]:
        """The marks of requirements that could not be judged, which cost nothing."""
        return [mark for mark in self.marks if mark.credit is None]

    def by_profile(self) -> dict[str, Fraction]:
        """Return the points for each profile."""
        found: dict[str, Fraction] = {}
        for mark in self.marks:
            found[mark.profile] = found.get(mark.profile, Fraction(0)) + mark.score
        return found


def scored(results: Results, scheme: Scheme) -> Score:
    """Return the score of a target."""
    state = MEANING[Exit(results.footer["exit"])]
    if not results.results and results.footer["exit"] == Exit.UNREACHABLE:
        return Score(scheme.does_not_start, scheme.points, (), state)
    by_id: dict[str, list[dict[str, Any]]] = {}
    for row in results.results:
        by_id.setdefault(row["id"], []).append(row)
    judged = {
        identity: _credit(rows, scheme.not_reached) for identity, rows in sorted(by_id.items())
    }
    weights = {
        identity: scheme.weight(identity, by_id[identity][0]["level"]) for identity in judged
    }
    whole = sum((weights[one] for one, credit in judged.items() if credit is not None), Fraction(0))
    marks = tuple(
        _mark(by_id[identity][0], credit, scheme, weights[identity], whole)
        for identity, credit in judged.items()
    )
    if not whole or results.footer["exit"] in _NO_VERDICT:
        return Score(None, scheme.points, marks, state)
    return Score(sum((mark.score for mark in marks), Fraction(0)), scheme.points, marks, state)


def is_not_reached(row: Mapping[str, Any]) -> bool:
    """Return whether a case was not judged because the server is broken elsewhere or slow."""
    return "needs" in row or (row["verdict"] == "SKIP" and row["signature"] == _TOO_SLOW)


def _credit(rows: Iterable[dict[str, Any]], not_reached: Fraction) -> Fraction | None:
    """Return the part of a requirement that is met, over all its transports."""
    earned = [
        not_reached if is_not_reached(row) else Fraction(row["verdict"] in _EARNS)
        for row in rows
        if row["verdict"] in (*_EARNS, *_EARNS_NOT) or is_not_reached(row)
    ]
    return sum(earned, Fraction(0)) / len(earned) if earned else None


def _mark(
    row: dict[str, Any],
    credit: Fraction | None,
    scheme: Scheme,
    weight: Fraction,
    whole: Fraction,
) -> Mark:
    counts = credit is not None and whole
    maximum = scheme.points * weight / whole if counts else Fraction(0)
    return Mark(
        row["id"],
        row["profile"],
        row["level"],
        scheme.hides(row["id"]),
        credit,
        maximum * (credit or 0),
        maximum,
    )


def shown(number: Fraction, digits: int = 2) -> str:
    """Return a number rounded only once, half up: ``72.5``, ``66.67``, ``100``."""
    unit = Decimal(1).scaleb(-digits)
    # Use exact integers first: a quotient of Decimals would already be rounded.
    scaled = number * 10**digits
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    rounded = Decimal(whole + (2 * rest >= scaled.denominator)) * unit
    text = str(rounded.quantize(unit, ROUND_HALF_UP))
    return text.rstrip("0").rstrip(".") if "." in text else text
