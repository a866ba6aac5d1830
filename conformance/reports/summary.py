"""The summary of a run: counts, faults of the run itself, and the exit status.

No I/O. A run in which nothing was judged is never green, and a planned case without a result is
an error of the suite.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any, NamedTuple

from ..core.verdict import RED, Exit
from ..plan import Plan
from ..plan.expectations import Expectations
from ..scenario.requirement import spec_of
from .proof import proof_of, terms

Result = dict[str, Any]

#: Verdicts that mean that a requirement was judged at all.
JUDGED = ("PASS", "FAIL", "WARN", "XFAIL", "XPASS", "FLAKY")


class Summary(NamedTuple):
    """The summary of a run."""

    results: list[Result]
    counts: dict[str, int]
    stale: list[str]
    faults: list[str]
    exit: Exit
    known: Expectations = Expectations([])


def summarise(
    plan: Plan,
    known: Expectations,
    results: list[Result],
    crashes: list[str],
    pytest_status: int,
    max_failures: int = 0,
) -> Summary:
    """Return the summary of a run.

    Arguments:
        crashes: items without a result, with what is known about them.
        pytest_status: pytest's own exit status (2 interrupted, 3 internal, 4 usage).
        max_failures: failures after which the run had to stop (--max-failures); 0 is never.
    """
    red = sum(result["verdict"] in RED for result in results)
    if 0 < max_failures <= red and pytest_status in (0, 1, 2):
        results, pytest_status = _with_the_rest(plan, results, max_failures), 1
    order = {case.name: index for index, case in enumerate(plan.cases)}
    results = sorted(results, key=lambda result: order.get(case_name(result), len(order)))
    counts = Counter(str(result["verdict"]) for result in results)
    faults = list(crashes)
    missing = set(order) - {case_name(result) for result in results}
    if missing and pytest_status not in (2, 3):
        some = ", ".join(sorted(missing)[:3])
        faults.append(f"{len(missing)} of {len(order)} results are missing ({some} ...)")
    stale = [] if plan.options.selftest else known.stale(results, plan.catalogue.requirements)
    exit_ = _exit(counts, stale, faults, pytest_status)
    if plan.options.selftest:
        if exit_ == Exit.CONFORMANT and plan.options.faults:
            whole = proof_of(results, terms(plan)).is_whole
            exit_ = Exit.CONFORMANT if whole else Exit.NOT_CONFORMANT
    elif exit_ in (Exit.CONFORMANT, Exit.NOTHING_RAN, Exit.STALE_EXPECTATIONS):
        exit_ = Exit.NOT_CONFORMANT if _lacks_unseen(known, results) else exit_
    return Summary(results, dict(counts), stale, faults, exit_, known)


def summed_up(
    results: list[Result],
    known: Expectations,
    requirements: Collection[str],
    faults: list[str],
    exits: list[int],
) -> Summary:
    """Return the summary of a run that was judged in parts.

    Arguments:
        results: the results of all parts, in the order of the plan.
        requirements: the ids of all requirements that the run could judge.
        exits: the exit statuses of the parts; a status for an early end is kept.
    """
    counts = Counter(str(result["verdict"]) for result in results)
    stale = known.stale(results, requirements)
    early = [status for status in (2, 3) if status in exits]
    exit_ = _exit(counts, stale, faults, early[0] if early else 0)
    if exit_ in (Exit.CONFORMANT, Exit.NOTHING_RAN, Exit.STALE_EXPECTATIONS):
        exit_ = Exit.NOT_CONFORMANT if _lacks_unseen(known, results) else exit_
    return Summary(results, dict(counts), stale, faults, exit_, known)


def without_reports(summary: Summary, why: str) -> Summary:
    """Return the summary if the reports could not be written: then the run is an error."""
    return summary._replace(faults=[*summary.faults, why], exit=Exit.INTERNAL_ERROR)


def _with_the_rest(plan: Plan, results: list[Result], most: int) -> list[Result]:
    """Return the results, with a SKIP for each case that the run has not reached."""
    seen = {case_name(result) for result in results}
    rest: list[Result] = [
        {
            "type": "result",
            "id": case.requirement.id,
            "profile": case.requirement.profile,
            "transport": case.transport,
            "level": case.requirement.level.value,
            "clause": case.requirement.clause,
            **spec_of(case.requirement),
            "verdict": "SKIP",
            "signature": "stopped",
            "message": f"stopped after {most} failure{'s' if most > 1 else ''}",
            "transcript": [],
            "seconds": 0.0,
            **({"mutant": case.mutant} if case.mutant else {}),
        }
        for case in plan.cases
        if case.name not in seen
    ]
    return [*results, *rest]


def case_name(result: Result) -> str:
    """Return the name of a result's case in the plan."""
    name = f"{result['id']}@{result['transport']}"
    return f"{name}!{result['mutant'].partition('/')[2]}" if "mutant" in result else name


def _lacks_unseen(known: Expectations, results: list[Result]) -> bool:
    """Return whether a case was not judged because a requirement outside the run fails.

    An expected failure does not count.
    """
    seen = {case_name(result) for result in results}
    return any(
        f"{one['needs']}@{one['transport']}" not in seen
        and not known.expects(one["needs"], one["transport"])
        for one in results
        if "needs" in one
    )


def _exit(counts: Counter[str], stale: list[str], faults: list[str], pytest_status: int) -> Exit:
    if pytest_status in (2, 3, 4):
        return Exit(pytest_status)
    if pytest_status not in (0, 1, 5):
        # This is the suite's own status, set before the run began.
        return Exit(pytest_status)
    # In the order of importance: if no verdict can be trusted, that hides all others.
    if faults or counts["ERROR"]:
        return Exit.SUITE_FAILED
    if counts["FAIL"] or counts["FLAKY"]:
        return Exit.NOT_CONFORMANT
    if not any(counts[verdict] for verdict in JUDGED):
        return Exit.NOTHING_RAN
    if stale or counts["XPASS"]:
        return Exit.STALE_EXPECTATIONS
    return Exit.CONFORMANT
