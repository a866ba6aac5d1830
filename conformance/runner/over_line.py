"""What a clause needs of a bad line (core/line.py), and whether the line was that.

Over a line that is less, a violation is still one, and nothing wrong says nothing: then the clause
is not judged. ``Requirement.line`` declares the needs.
"""

from __future__ import annotations

from ..core.line import NEEDS, Need
from ..core.traffic import Traffic
from ..core.verdict import NotOverLine
from ..scenario.requirement import Requirement
from ..scenario.session import Session

#: The signature of what was not judged because of the line.
LINE = "line"


def check_before(requirement: Requirement, traffic: Traffic | None) -> None:
    """Raises NotOverLine for what cannot even be tried over the line, if there is one."""
    _check(traffic, [name for name in requirement.line if NEEDS[name].decides])


def check_after(requirement: Requirement, session: Session) -> None:
    """Raises NotOverLine where the scenario has found nothing wrong, which says nothing."""
    if requirement.line:
        session.let_arrive()
        _check(session.traffic, requirement.line)


def _check(traffic: Traffic | None, names: list[str] | tuple[str, ...]) -> None:
    if traffic is not None:
        lacking: list[Need] = [NEEDS[name] for name in names if traffic.lacks(name)]
        if lacking:
            raise NotOverLine(f"not judged over this line ({traffic.line}): {lacking[0].reason}")
