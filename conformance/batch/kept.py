"""What an earlier run of a class left, and this one need not judge again (``--last-failed``)."""

from __future__ import annotations

from pathlib import Path

from ..core.verdict import Exit
from ..plan import Plan
from ..reports.results import Results, header, read_results
from .report import folder_of

#: Fields of a header that do not say what was judged.
_WHEN_AND_WHERE = frozenset({"written", "platform", "python", "seed", "requirements"})


def conformant_before(report: Path, plans: dict[str, Plan]) -> dict[str, Results]:
    """The results of the targets that were judged by the same plan, and found conformant."""
    found = {}
    for name, plan in plans.items():
        try:
            results = read_results(report / folder_of(name) / "results.jsonl")
        except (OSError, ValueError):
            continue
        if results.footer["exit"] == Exit.CONFORMANT and _fits(results, plan):
            found[name] = results
    return found


def _fits(results: Results, plan: Plan) -> bool:
    """Whether these are results of just this plan."""
    cases = {(case.requirement.id, case.transport) for case in plan.cases}
    if cases != {(row["id"], row["transport"]) for row in results.results}:
        return False
    before, now = results.header, header(plan)
    return all(before.get(key) == now[key] for key in now if key not in _WHEN_AND_WHERE)
