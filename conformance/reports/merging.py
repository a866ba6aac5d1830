"""Merge the shards of a run into one result: ``merge DIR...``.

Each shard's header has the cases of the whole run, to notice a missing case, and the known
failures, because only the whole run can decide which are stale. No I/O.
"""

from __future__ import annotations

from typing import Any

from ..core.verdict import WrongUsage
from ..plan.expectations import Expectations
from ..profiles import REQUIREMENTS
from .results import Results, footer
from .summary import case_name, summed_up

#: The fields of the headers that must be the same in all shards of a run.
_SAME = (
    *("suite", "target", "at", "profiles", "parameters", "level", "seed", "client", "deadline"),
    "link",
)


def merged(shards: dict[str, Results]) -> Results:
    """Return the results of one run from those of all of its shards, in any order.

    Arguments:
        shards: the results by a name that a person recognises.
    Raises WrongUsage if they are not the shards of one run, each once.
    """
    first_name, first = next(iter(shards.items()))
    for name, shard in shards.items():
        if "shard" not in shard.header:
            raise WrongUsage(f"merge: {name} is not a shard: it was judged without --shard")
        for field in (*_SAME, "cases", "known"):
            if shard.header.get(field) != first.header.get(field):
                raise WrongUsage(f"merge: {name} and {first_name} differ in {field}")
    check_numbers({name: shard.header["shard"] for name, shard in shards.items()})
    order = {case: number for number, case in enumerate(first.header["cases"])}
    seen: dict[str, str] = {}
    rows: list[dict[str, Any]] = []
    for name, shard in shards.items():
        for row in shard.results:
            case = case_name(row)
            if case not in order:
                raise WrongUsage(f"merge: {name}: {case} is not a case of this run")
            if case in seen:
                raise WrongUsage(f"merge: {case} is in {seen[case]} and in {name}")
            seen[case] = name
            rows.append(row)
    rows.sort(key=lambda row: order[case_name(row)])
    faults = [fault for number in _in_order(shards) for fault in shards[number].footer["faults"]]
    missing = [case for case in order if case not in seen]
    if missing:
        faults.append(
            f"{len(missing)} of {len(order)} results are missing ({', '.join(missing[:3])} ...)"
        )
    own = first.header.get("requirements", {})
    summary = summed_up(
        rows,
        Expectations.from_plain(first.header["known"]),
        {*REQUIREMENTS, *own},
        faults,
        [shard.footer["exit"] for shard in shards.values()],
    )
    shard_fields = ("shard", "cases", "known")
    header = {key: value for key, value in first.header.items() if key not in shard_fields}
    for shard in shards.values():
        header["requirements"] = {
            **header.get("requirements", {}),
            **shard.header.get("requirements", {}),
        }
    if not header["requirements"]:
        del header["requirements"]
    written = max(shard.header["written"] for shard in shards.values())
    header.update(planned=len(order), written=written)
    return Results(header, rows, footer(summary))


def check_numbers(shards: dict[str, list[int]]) -> None:
    """Check that each part of the whole is present exactly once. Raises WrongUsage."""
    count = next(iter(shards.values()))[1]
    names: dict[int, str] = {}
    for name, (number, of) in shards.items():
        if of != count:
            raise WrongUsage(f"merge: {name} is shard {number}/{of}, and others are of {count}")
        if number in names:
            raise WrongUsage(f"merge: {names[number]} and {name} are both shard {number}/{of}")
        names[number] = name
    missing = [f"{number}/{count}" for number in range(1, count + 1) if number not in names]
    if missing:
        raise WrongUsage(f"merge: shard {', '.join(missing)} is missing")


def _in_order(shards: dict[str, Results]) -> list[str]:
    return sorted(shards, key=lambda name: int(shards[name].header["shard"][0]))
