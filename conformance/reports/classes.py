"""The report of a class: a line for each target as it comes, a folder for each, one matrix.

A target of which there are no results (it did not start, it took too long) is a row of the
matrix all the same, with the reason.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import IO, Any

from ..outcome import MEANING, Exit
from ..output import say
from ..plan import Plan
from . import FORMS
from .matrix import WHOLE, write_matrix
from .results import Results, header, read_results

#: The statuses of a class, from the one that outweighs all others.
WEIGHT = (
    Exit.INTERRUPTED,
    Exit.INTERNAL_ERROR,
    Exit.SUITE_FAILED,
    Exit.NOT_CONFORMANT,
    Exit.UNREACHABLE,
    Exit.USAGE,
    Exit.STALE_EXPECTATIONS,
    Exit.NOTHING_RAN,
    Exit.CONFORMANT,
)

#: A last word that says why a run did not take place.
_REASON = re.compile(r"^conformance: (?!.* cases\)$)(.*)$", re.MULTILINE)


class ClassReport:
    """Takes outcomes, shows a line of each, and writes the report.

    Arguments:
        plans: of each target, by its name, in the order of the file.
        folder: where the report goes.
        stream: where to print; None is stdout.
    """

    def __init__(self, plans: dict[str, Plan], folder: Path, stream: IO[str] | None = None) -> None:
        self._plans = plans
        self._folder = folder
        self._stream = stream or sys.stdout
        self._results: dict[str, Results] = {}
        self._progress = self._stream.isatty()

    def take(self, name: str, outcome: dict[str, Any]) -> None:
        """A target's outcome."""
        folder = self._folder / folder_of(name)
        folder.mkdir(parents=True, exist_ok=True)
        results = self._results[name] = results_of(self._plans[name], outcome)
        write(folder, results)
        self._say(self._line(name, results, outcome["seconds"]))
        self._show_progress()
        if len(self._plans) > WHOLE:
            # The page of many shows no transcript of what is green, and hundreds of them fill
            # the memory; each target's own folder has them.
            rows = [_slim(row) for row in results.results]
            self._results[name] = results._replace(results=rows)

    def end(self, missing: str) -> Exit:
        """Write the class's own report; returns its exit status.

        Arguments:
            missing: what is said of targets that brought no outcome.
        """
        for name in self._plans:
            if name not in self._results:
                lost = {"exit": int(Exit.SUITE_FAILED), "said": "", "stopped": [missing]}
                self.take(name, {**lost, "results": "", "seconds": 0.0})
        runs = [self._results[name] for name in self._plans]
        write_matrix(self._folder / "matrix.html", runs)
        rows = [
            {
                "name": name,
                "exit": run.footer["exit"],
                "counts": run.footer["counts"],
                "faults": run.footer["faults"],
                "folder": folder_of(name),
            }
            for name, run in self._results.items()
        ]
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (self._folder / "class.jsonl").write_text(text, encoding="ascii")
        statuses = Counter(Exit(run.footer["exit"]) for run in runs)
        self._say(
            ", ".join(f"{statuses[one]} {MEANING[one]}" for one in WEIGHT[::-1] if statuses[one])
        )
        self._say(f"report: {self._folder / 'matrix.html'} (a folder for each target beside it)")
        return next(one for one in WEIGHT if statuses[one])

    def _line(self, name: str, results: Results, seconds: float) -> str:
        counts = ", ".join(
            f"{number} {verdict}" for verdict, number in sorted(results.footer["counts"].items())
        )
        status = Exit(results.footer["exit"])
        reason = "; ".join(str(one).splitlines()[0] for one in results.footer["faults"])
        number = f"[{len(self._results)}/{len(self._plans)}]"
        more = (f" ({counts})" if counts else "") + (f": {reason}" if reason else "")
        return f"{number} {name}: {MEANING[status]}{more} in {seconds:.1f} s"

    def _show_progress(self) -> None:
        if self._progress and len(self._results) < len(self._plans):
            red = sum(bool(run.footer["exit"]) for run in self._results.values())
            self._stream.write(f"\r\x1b[K{len(self._results)}/{len(self._plans)}, {red} not green")
            self._stream.flush()

    def _say(self, line: str) -> None:
        if self._progress:
            line = f"\r\x1b[K{line}"
        say(line, self._stream)


def _slim(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "transcript": []} if row["verdict"] in ("PASS", "SKIP") else row


def results_of(plan: Plan, outcome: dict[str, Any]) -> Results:
    """The results of a target, or what stands in their place; with what had to be stopped."""
    stopped = list(outcome["stopped"])
    rows = [json.loads(line) for line in outcome["results"].splitlines()]
    if len(rows) >= 2 and rows[-1].get("type") == "footer":
        rows[-1]["faults"] = [*rows[-1]["faults"], *stopped]
        return Results(rows[0], rows[1:-1], rows[-1])
    said = _REASON.findall(outcome["said"])
    reasons = (
        stopped or said[-1:] or [outcome["said"].strip().splitlines()[-1:] or "it said nothing"]
    )
    exit_ = outcome["exit"] or int(Exit.SUITE_FAILED)
    footer: dict[str, Any] = {
        "type": "footer",
        "counts": {},
        "stale": [],
        "faults": [str(one) for one in reasons],
        "exit": exit_,
    }
    return Results(header(plan), [], footer)


def write(folder: Path, results: Results) -> None:
    """A target's results.jsonl, and every other form from it."""
    source = folder / "results.jsonl"
    rows = [results.header, *results.results, results.footer]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="ascii")
    again = read_results(source)
    for name, form in FORMS.items():
        form(folder / name, again)


def folder_of(name: str) -> str:
    """A name as that of a folder; two names never share one."""
    return re.sub(r"[^\w.-]|^\.", lambda found: f"%{ord(found.group()):02X}", name, flags=re.ASCII)
