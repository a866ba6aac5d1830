"""The order of a run: cases that mostly wait begin first, cases that need them come last."""

from __future__ import annotations

import pytest

from conformance.plan import Options, Plan
from conformance.runner.order import FREE, LONG, WAITS, ranks
from conformance.scenario.requirement import Requirement

PLAN = Plan(Options(target="ref:python"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("echo/simple", FREE),
        ("echo/quiet", LONG),
        ("echo/leak-process", LONG),
        ("echo/large", WAITS),  # needs echo/quiet
        ("echo/next-client", FREE),
        ("client-echo/prints", FREE),
    ],
)
def test_rank_of_a_requirement(name: str, expected: int) -> None:
    found = {
        rank
        for case, rank in zip(PLAN.cases, ranks(PLAN), strict=True)
        if case.requirement.id == name
    }
    assert found == {expected}


def test_early_requirements_do_not_need_slow_ones() -> None:
    requirements = PLAN.catalogue.requirements

    def needed(one: Requirement) -> set[str]:
        direct = {*one.needs, *one.unless}
        return direct.union(*(needed(requirements[name]) for name in direct))

    free = [case for case, rank in zip(PLAN.cases, ranks(PLAN), strict=True) if rank == FREE]
    assert len(free) > len(PLAN.cases) // 3
    for case in free:
        assert not any(requirements[name].once for name in needed(case.requirement))


def test_mutants_keep_their_order() -> None:
    mutants = Plan(Options(profile="echo", selftest=True))
    assert len(mutants.cases) > 50
    assert set(ranks(mutants)) == {FREE}
