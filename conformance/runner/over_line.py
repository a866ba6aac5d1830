"""Check that a bad line (core/line.py) met the needs of a clause.

If the line did not meet them, a violation still counts, but a scenario without a violation proves
nothing: then the clause is not judged. ``Requirement.line`` declares the needs.
"""

from __future__ import annotations

from ..core.line import NEEDS, Need
from ..core.traffic import Traffic
from ..core.verdict import NotOverLine
from ..scenario.requirement import Requirement
from ..scenario.session import Session

#: The signature of a case that was not judged because of the line.
LINE = "line"


def check_before(requirement: Requirement, traffic: Traffic | None) -> None:
    """Raise NotOverLine if there is a line, and the requirement cannot even be tried over it."""
    _check(traffic, [name for name in requirement.line if NEEDS[name].decides])


def check_after(requirement: Requirement, session: Session) -> None:
    """Raise NotOverLine if the line did not meet the needs, so that no fault proves nothing.

    Called after a scenario that found nothing wrong.
    """
    if requirement.line:
        session.let_arrive()
        _check(session.traffic, requirement.line)


def _check(traffic: Traffic | None, names: list[str] | tuple[str, ...]) -> None:
    if traffic is not None:
        lacking: list[Need] = [NEEDS[name] for name in names if traffic.lacks(name)]
        if lacking:
            raise NotOverLine(f"not judged over this line ({traffic.line}): {lacking[0].reason}")
