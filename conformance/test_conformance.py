"""The only test of the suite: each case of the plan is an item of it.

pytest conformance --target 'node server.js {port}' --profile echo
"""

from __future__ import annotations

import pytest

from .plan import Case, Plan
from .plan.expectations import Expectations
from .plugin import judge_item
from .runner.needs import Board


def test_requirement(
    conformance_case: Case,
    conformance_plan: Plan,
    conformance_expectations: Expectations,
    conformance_board: Board,
    request: pytest.FixtureRequest,
) -> None:
    """The server meets the requirement."""
    judge_item(
        conformance_plan,
        conformance_case,
        conformance_expectations,
        conformance_board,
        request.node,
    )
