"""The outcome of one target of a class, checked against its plan.

Only the judge can write the rows (link.py). They are accepted if they are the results of the plan
(every planned case once, with its profile, clause and level, and nothing else), and if the judge
has exited with the status that they contain. Anything else is "not judged", with the reason, and
affects only this target.
"""

from __future__ import annotations

import re
from typing import Any

from ..core.verdict import Exit, WrongUsage
from ..plan import Plan
from ..reports.form import Malformed
from ..reports.results import Results, header, parse_results
from ..reports.summary import JUDGED, case_name

#: A last line that says why a run did not take place.
_REASON = re.compile(r"^conformance: (?!.* cases?\)$)(.*)$", re.MULTILINE)

#: How many lines of output the footer (``said``) of a run without results contains.
LAST_LINES = 20

#: The fields of a header that only the judge knows.
_OF_THE_JUDGE = ("platform", "python", "written")

#: Exit statuses with which no verdict can be trusted.
_WORTHLESS = (Exit.INTERRUPTED, Exit.INTERNAL_ERROR, Exit.SUITE_FAILED)


def results_of(plan: Plan, outcome: dict[str, Any]) -> Results:
    """Return the results of a target, or a replacement without verdicts; both with all stops."""
    stopped = [str(one) for one in outcome["stopped"]]
    if outcome["killed"]:
        return not_judged(plan, f"not judged: the judge was killed ({outcome['killed']})")
    if not outcome["rows"]:
        return _with_last_lines(
            not_judged(plan, *_reasons(outcome), status=outcome["exit"]), str(outcome["said"])
        )
    try:
        results = _checked(plan, parse_results("\n".join(outcome["rows"])), outcome["exit"])
    except (ValueError, WrongUsage) as error:
        return not_judged(plan, *stopped, f"not judged: the judge's results are broken ({error})")
    if outcome["refused"]:
        stopped.append(f"{outcome['refused']} lines that the judge did not write were refused")
    faults = [*results.footer["faults"], *stopped]
    return results._replace(footer={**results.footer, "faults": faults})


def not_judged(plan: Plan, *reasons: str, status: int = 0) -> Results:
    """Return results without verdicts, with the reasons. A status of 0 becomes SUITE_FAILED."""
    footer: dict[str, Any] = {
        "type": "footer",
        "counts": {},
        "stale": [],
        "faults": list(reasons),
        "exit": status or int(Exit.SUITE_FAILED),
    }
    return Results(header(plan), [], footer)


def _with_last_lines(results: Results, said: str) -> Results:
    """Return the results with the last lines of output, such as those of a failed server."""
    lines = said.strip().splitlines()[-LAST_LINES:]
    return results._replace(footer={**results.footer, "said": lines})


def _reasons(outcome: dict[str, Any]) -> list[str]:
    """Return why there is no result: the limits that stopped the run, else its last output."""
    said = _REASON.findall(outcome["said"])
    last_line = outcome["said"].strip().splitlines()[-1:]
    reasons = outcome["stopped"] or said[-1:] or last_line or ["it said nothing"]
    return [str(one) for one in reasons]


def _checked(plan: Plan, results: Results, status: int) -> Results:
    """Check the results against the plan, and return them with the plan's header.

    Raises Malformed, or WrongUsage if there is no plan for these transports.
    """
    came = results.header.get("transports")
    if not isinstance(came, list) or not all(isinstance(one, str) for one in came):
        raise Malformed("the header names no transports")
    if came != plan.transports:
        # If a server announces its address, only the judge could find out its transport.
        plan = Plan(plan.options._replace(transports=tuple(came)), plan.ipv6, plan.catalogue)
    planned = {case.name: case.requirement for case in plan.cases}
    if len(results.results) != len(planned):
        raise Malformed(f"{len(results.results)} results of {len(planned)} planned cases")
    for row in results.results:
        requirement = planned.get(case_name(row))
        if requirement is None:
            raise Malformed(f"{case_name(row)} was not planned")
        if (row["profile"], row["level"], row["clause"]) != (
            requirement.profile,
            requirement.level.value,
            requirement.clause,
        ):
            raise Malformed(f"{case_name(row)} is not as planned")
    footer = results.footer
    if footer["exit"] != status:
        raise Malformed(f"the judge ended with {status}, and its results say {footer['exit']}")
    counts = footer["counts"]
    red = footer["faults"] or any(counts.get(one) for one in ("FAIL", "ERROR", "XPASS"))
    if footer["exit"] == Exit.CONFORMANT and (red or not any(map(counts.get, JUDGED))):
        raise Malformed("they claim to be conformant, but are not")
    if footer["exit"] in _WORTHLESS and not footer["faults"] and not counts.get("ERROR"):
        footer = {**footer, "faults": ["the judge could not finish"]}
    known = {name: results.header[name] for name in _OF_THE_JUDGE if name in results.header}
    return Results({**header(plan), **known}, results.results, footer)
