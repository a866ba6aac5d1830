"""The clauses that reports show are those of SPEC.md."""

from __future__ import annotations

from conformance.plan.contract import clauses
from conformance.profiles import REQUIREMENTS


def test_every_requirement_cites_a_clause_that_is_found() -> None:
    lost = [one.id for one in REQUIREMENTS.values() if one.clause not in clauses()]
    assert lost == []


def test_clause_is_plain_text_on_one_line() -> None:
    assert clauses()["2.2"] == "What is received is sent back on the same connection."
    assert all("\n" not in text and "**" not in text for text in clauses().values())
