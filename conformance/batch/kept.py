"""The results of an earlier run of a class that need not be judged again.

``--last-failed`` keeps the results of conformant targets, ``--resume`` all results, to continue a
run that was interrupted or lost its workers. A run first removes the results of the targets that
it judges, so that a folder never contains results of two runs, except those that were kept.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from ..core.verdict import Exit, WrongUsage
from ..plan import Plan
from ..reports.results import Results, header, read_results
from .report import folder_of

#: The fields of a header that say when and where the targets were judged, not what was judged.
_WHEN_AND_WHERE = frozenset({"written", "platform", "python", "seed", "requirements"})

#: The exit statuses of a target that was not judged completely.
_UNENDED = (Exit.INTERRUPTED, Exit.INTERNAL_ERROR, Exit.SUITE_FAILED)


class Keep(enum.Enum):
    """Which results are kept; the values are words for a message."""

    CONFORMANT = "conformant"
    ENDED = "judged"


def kept_results(report: Path, plans: dict[str, Plan], keep: Keep) -> Iterator[tuple[str, Results]]:
    """Yield the names and results of the targets that were judged by the same plan and are kept.

    They are read one by one: the results of hundreds of targets would fill the memory.
    """
    for name, plan in plans.items():
        try:
            results = read_results(report / folder_of(name) / "results.jsonl")
        except (OSError, ValueError, WrongUsage):
            continue
        if _is_kept(results, plan, keep):
            yield name, results


def _is_kept(results: Results, plan: Plan, keep: Keep) -> bool:
    status = results.footer["exit"]
    if keep is Keep.CONFORMANT:
        return bool(status == Exit.CONFORMANT) and _fits(results, plan)
    if status in _UNENDED or results.header.get("seed") != header(plan)["seed"]:
        return False
    # A target that could not be started has no results.
    return _fits(results, plan, may_be_empty=status == Exit.UNREACHABLE)


def seed_before(report: Path) -> str:
    """Return the seed of the run that has left results there; "" if there is none."""
    for path in sorted(report.glob("*/results.jsonl")):
        with suppress(OSError, ValueError, WrongUsage):
            if seed := read_results(path).header.get("seed"):
                return str(seed)
    return ""


def forget(report: Path, names: Iterable[str]) -> None:
    """Remove the results of these targets from an earlier run."""
    for name in names:
        with suppress(OSError):
            (report / folder_of(name) / "results.jsonl").unlink()


def _fits(results: Results, plan: Plan, may_be_empty: bool = False) -> bool:
    """Return whether these are the results of exactly this plan."""
    cases = {(case.requirement.id, case.transport) for case in plan.cases}
    came = {(row["id"], row["transport"]) for row in results.results}
    if came != cases and (came or not may_be_empty):
        return False
    before, now = results.header, header(plan)
    return all(before.get(key) == now[key] for key in now if key not in _WHEN_AND_WHERE)
