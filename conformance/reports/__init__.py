"""Reports: results.jsonl is the source; every other form is made from it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ..core.output import command, complain
from ..core.verdict import cause_of
from ..plan import Plan
from .badge import write_badge
from .ctrf import write_ctrf
from .junit import write_junit
from .markdown import summary, workflow_commands, write_markdown
from .matrix import write_matrix
from .results import Results, results_of_run, write_results
from .rollup import rolled_up
from .summary import Summary
from .tap import write_tap
from .writing import staged

#: File in the report's folder -> the function that makes it from the results.
FORMS: dict[str, Callable[[Path, Results], None]] = {
    "junit.xml": write_junit,
    "matrix.html": lambda path, results: write_matrix(path, [results]),
    "summary.md": write_markdown,
    "results.tap": write_tap,
    "badge.json": write_badge,
    "ctrf.json": write_ctrf,
}


def write_reports(folder: Path, plan: Plan, outcome: Summary) -> None:
    """Write results.jsonl, and every other form of it; make the folder if necessary.

    Raises OSError; then the files in the folder are unchanged.
    """
    folder.mkdir(parents=True, exist_ok=True)
    results = results_of_run(plan, outcome)
    write_forms(folder, results)
    tell_github(results)


def write_forms(folder: Path, results: Results) -> None:
    """Write results in every form. Raises OSError."""
    with staged(folder) as stage:
        write_results(stage / "results.jsonl", results)
        shown = _shown(results)
        for name, write in FORMS.items():
            write(stage / name, shown)


def _shown(results: Results) -> Results:
    """Return the results for people: a self-test behind the proxy has a row for each fault."""
    return rolled_up(results) if "faults" in results.header else results


def tell_github(results: Results) -> None:
    """Write the summary of the step and annotations for failures, in GitHub Actions."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    results = _shown(results)
    step = os.environ.get("GITHUB_STEP_SUMMARY")
    if step:
        try:
            with open(step, "a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(summary(results))
        except OSError as error:
            # The report itself and the verdict are complete, so this is not an error.
            complain(f"GITHUB_STEP_SUMMARY {step}: {cause_of(error)}")
    for line in workflow_commands(results):
        command(line)
