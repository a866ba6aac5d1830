"""Reports: results.jsonl is the source; every other form is made from it."""

from __future__ import annotations

from pathlib import Path

from ..plan import Plan
from .junit import write_junit
from .results import read_results, write_results
from .summary import Summary


def write_reports(folder: Path, plan: Plan, summary: Summary) -> None:
    """Write results.jsonl, and junit.xml from it, into a folder made for them."""
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "results.jsonl"
    write_results(source, plan, summary)
    write_junit(folder / "junit.xml", read_results(source))
