"""results.jsonl: a header, one object per judged requirement, a footer.

Readers may rely on the fields in SPEC.md; other fields may be added.
"""

from __future__ import annotations

import json
import os
import platform
import time
from pathlib import Path
from typing import Any, NamedTuple

from .. import __version__
from ..core.paths import shown
from ..core.transcript import escape
from ..plan import Options, Plan
from ..scenario.requirement import SPEC
from ..targets.grammar import CommandTarget, parse_target
from .form import Malformed, check
from .proof import terms
from .summary import Summary


class Results(NamedTuple):
    """The content of a results.jsonl."""

    header: dict[str, Any]
    results: list[dict[str, Any]]
    footer: dict[str, Any]


def write_results(path: Path, results: Results) -> None:
    """Write the file."""
    rows = [results.header, *results.results, results.footer]
    text = "".join(json.dumps(row, ensure_ascii=True) + "\n" for row in rows)
    path.write_text(text, encoding="ascii")


def results_of_run(plan: Plan, summary: Summary) -> Results:
    """Return the content of the file for a run."""
    part = {}
    if plan.options.shard:
        # These fields are for merging all parts: see merging.py.
        cases = [case.name for case in plan.whole]
        part = {"shard": plan.options.shard, "cases": cases, "known": summary.known.as_plain()}
    return Results({**header(plan), **part}, summary.results, footer(summary))


def header(plan: Plan) -> dict[str, Any]:
    """Return the header: what was judged, how, and where."""
    options = plan.options
    return {
        "type": "header",
        "suite": __version__,
        "target": options.typed or options.target,
        "at": options.at,
        **_own_command(options),
        "profiles": [profile.name for profile in plan.profiles],
        "transports": plan.transports,
        "parameters": {
            name: {key: escape(value) for key, value in texts.items()}
            for name, texts in plan.parameters.items()
        },
        "level": options.level,
        **({"link": list(plan.line.texts)} if plan.line else {}),
        "deadline": options.deadline,
        "seed": options.seed,
        "client": options.client or "pync",
        "expect": options.expect,
        "selftest": options.selftest,
        "planned": len(plan.cases),
        **_own_requirements(plan),
        **_faults(plan),
        "platform": platform.system(),
        "python": platform.python_version(),
        "written": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _own_command(options: Options) -> dict[str, str]:
    """Return the command of a target from a file, and the file that a command runs."""
    found = {}
    if options.typed:
        found = {"command": options.target, "set": options.settings}
    target = parse_target(options.target)
    if isinstance(target, CommandTarget):
        paths = [os.path.join(options.directory or "", word) for word in target.words]
        files = [shown(one) for one in paths if os.path.isfile(one)]
        # Reports are read elsewhere, so use only paths relative to the repository.
        if files and not os.path.isabs(files[0]):
            found["file"] = files[0].replace(os.sep, "/")
    return found


def _faults(plan: Plan) -> dict[str, Any]:
    """Return the faults of a self-test behind the proxy, with the terms of the profiles."""
    if not plan.options.faults:
        return {}
    return {"faults": list(plan.options.faults), **terms(plan)}


def _own_requirements(plan: Plan) -> dict[str, Any]:
    """Return the texts of the requirements that are not the suite's own."""
    own = {
        one.id: {"text": one.text, "basis": one.basis, "spec": one.spec}
        for profile in plan.profiles
        for one in profile.requirements
        if one.spec != SPEC
    }
    return {"requirements": own} if own else {}


def footer(summary: Summary) -> dict[str, Any]:
    """Return the footer: counts by verdict, stale entries, faults and the exit status."""
    return {
        "type": "footer",
        "counts": summary.counts,
        "stale": summary.stale,
        "faults": summary.faults,
        "exit": int(summary.exit),
    }


def read_results(path: Path) -> Results:
    """Read the file.

    Raises OSError, or ValueError if it does not contain the results of a complete run.
    """
    return parse_results(path.read_text(encoding="ascii"))


def parse_results(text: str) -> Results:
    """Parse the text of a results.jsonl.

    Raises ValueError if it does not contain the results of a complete run.
    """
    try:
        rows = [json.loads(line) for line in text.splitlines()]
    except RecursionError:
        raise Malformed("it is nested too deeply") from None
    check(rows)
    return Results(rows[0], rows[1:-1], rows[-1])
