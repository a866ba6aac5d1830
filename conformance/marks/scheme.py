"""The table ``[grade]`` of a target file: the value of each verdict."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from ..core.nearest import meant
from ..core.verdict import Level, WrongUsage
from ..plan.selection import means

#: The weight of a requirement that no pattern names.
USUAL = Fraction(1)

#: The most points, to keep a score readable.
_MOST = 1_000_000


class Scheme(NamedTuple):
    """The value of each verdict.

    ``points`` is the score of a correct server, ``does_not_start`` that of a server that cannot be
    judged because of its own fault; ``not_reached`` is the part that a clause earns if it was not
    judged because a clause that it needs is broken. With ``level`` SHOULD the SHOULDs count, too.
    ``weights`` are pairs of a pattern and a weight; the last match counts. ``hidden`` are patterns.
    """

    points: Fraction = Fraction(100)
    does_not_start: Fraction = Fraction(0)
    not_reached: Fraction = Fraction(0)
    level: Level = Level.MUST
    weights: tuple[tuple[str, Fraction], ...] = ()
    hidden: tuple[str, ...] = ()

    def weight(self, identity: str, level: str) -> Fraction:
        """Return the weight of a requirement."""
        if level == Level.SHOULD and self.level == Level.MUST:
            return Fraction(0)
        found = [weight for pattern, weight in self.weights if means(pattern, identity)]
        return found[-1] if found else USUAL

    def hides(self, identity: str) -> bool:
        """Return whether a requirement is hidden from students."""
        return any(means(pattern, identity) for pattern in self.hidden)

    def as_plain(self) -> dict[str, Any]:
        """Return the scheme as plain values for JSON."""
        return {
            "points": str(self.points),
            "does_not_start": str(self.does_not_start),
            "not_reached": str(self.not_reached),
            "level": self.level.value,
            "weights": [[pattern, str(weight)] for pattern, weight in self.weights],
            "hidden": list(self.hidden),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Scheme:
        """Return the scheme from the result of as_plain().

        Raises ValueError, KeyError, TypeError or AttributeError.
        """
        return cls(
            Fraction(plain["points"]),
            Fraction(plain["does_not_start"]),
            Fraction(plain["not_reached"]),
            Level(plain["level"]),
            tuple((str(pattern), Fraction(weight)) for pattern, weight in plain["weights"]),
            tuple(map(str, plain["hidden"])),
        )


def read_scheme(where: str, table: Any, requirements: Collection[str]) -> Scheme | None:
    """Read the table; return None if there is none.

    Arguments:
        where: the file, for messages.
        requirements: the ids of all requirements for the targets of the class.
    Raises WrongUsage.
    """
    if table is None:
        return None
    if not isinstance(table, dict):
        raise WrongUsage(f"{where}: write [grade]")
    known = Scheme._fields
    for key in table:
        if key not in known:
            near = meant(key, known) or f" (known: {', '.join(known)})"
            raise WrongUsage(f"{where}: grade: unknown key {key!r}{near}")
    points = _number(f"{where}: grade: points", table.get("points", 100))
    if not points:
        raise WrongUsage(f"{where}: grade: points must be more than 0")
    floor = _number(f"{where}: grade: does_not_start", table.get("does_not_start", 0))
    if floor > points:
        raise WrongUsage(f"{where}: grade: does_not_start must not be more than points")
    not_reached = _number(f"{where}: grade: not_reached", table.get("not_reached", 0), 1)
    level = table.get("level", "must")
    if level not in ("must", "should"):
        raise WrongUsage(f"{where}: grade: level must be 'must' or 'should', not {level!r}")
    weights, hidden = table.get("weights", {}), table.get("hidden", [])
    if not isinstance(weights, dict):
        raise WrongUsage(f"{where}: grade: write [grade.weights]")
    if not isinstance(hidden, list) or not all(isinstance(one, str) for one in hidden):
        raise WrongUsage(f"{where}: grade: hidden must be a list of patterns")
    for key, pattern in [
        *(("weights", one) for one in weights),
        *(("hidden", one) for one in hidden),
    ]:
        if "@" in pattern:
            raise WrongUsage(
                f"{where}: grade: {key}: {pattern!r}: a clause counts, not a transport"
            )
        if not any(means(pattern, one) for one in requirements):
            near = meant(pattern, requirements)
            raise WrongUsage(f"{where}: grade: {key}: {pattern!r} matches no requirement{near}")
    return Scheme(
        points,
        floor,
        not_reached,
        Level(level.upper()),
        tuple(
            (pattern, _number(f"{where}: grade: the weight of {pattern!r}", weight))
            for pattern, weight in weights.items()
        ),
        tuple(hidden),
    )


def _number(what: str, value: Any, most: int = _MOST) -> Fraction:
    """Return a number exactly as written: 0.1 is a tenth."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= most:
        raise WrongUsage(f"{what} must be a number between 0 and {most}")
    return Fraction(str(value))
