"""A case as a pytest item: how it ends, and how its end is reported."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from .controller import PROPERTY

if TYPE_CHECKING:
    from ..plan import Case


def case_of(item: pytest.Item) -> Case | None:
    """Return the case of an item; None for one of the project's own tests."""
    case: Case | None = getattr(getattr(item, "callspec", None), "params", {}).get(
        "conformance_case"
    )
    return case


def end(item: pytest.Item, result: str) -> None:
    """Attach the result to the item, and end it as pytest does: skip, xfail or fail.

    Arguments:
        result: the result as JSON. It is not a dictionary because execnet packs a nested value
            item by item, in Python, and a transcript has thousands of items.
    """
    from ..core.verdict import RED

    # The fixture record_property is not used: it warns when JUnit XML is written.
    item.user_properties.append((PROPERTY, result))
    judged = json.loads(result)
    verdict, message = judged["verdict"], judged["message"]
    if verdict == "SKIP":
        pytest.skip(message)
    if verdict == "XFAIL":
        pytest.xfail(message.splitlines()[0])
    if verdict in RED:
        pytest.fail(f"{verdict} {message}", pytrace=False)


def report(item: pytest.Item, call: Callable[[], None]) -> None:
    """Call a function in place of an item, and report how it ended."""
    info = pytest.CallInfo.from_call(call, "call", (pytest.exit.Exception, KeyboardInterrupt))
    item.ihook.pytest_runtest_logreport(
        report=item.ihook.pytest_runtest_makereport(item=item, call=info)
    )


def report_crash(item: pytest.Item, said: str) -> None:
    """Report a case that ended without a result."""
    report(item, lambda: pytest.fail(said, pytrace=False))
