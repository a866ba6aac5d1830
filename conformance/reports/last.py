"""The failed cases of the previous run, from a report's folder (``--last-failed``)."""

from __future__ import annotations

from pathlib import Path

from ..core.verdict import RED, WrongUsage, cause_of
from .results import Results, read_results
from .summary import case_name


def failed_last(folder: Path) -> tuple[str, ...]:
    """Return the names of the cases that failed, or were not judged because of failures.

    The result is empty if nothing failed, or if there was no run. Raises WrongUsage if the results
    are not those of a complete run.
    """
    path = folder / "results.jsonl"
    try:
        results = read_results(path)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise WrongUsage(f"--last-failed: {path}: {cause_of(error)}") from None
    except ValueError:
        raise WrongUsage(f"--last-failed: {path}: not the results of a whole run") from None
    return failed(results)


def failed(results: Results) -> tuple[str, ...]:
    """Return the names of the cases that failed, or were not judged because of those."""
    return tuple(
        case_name(row)
        for row in results.results
        if row["verdict"] in RED or "needs" in row or row["signature"] == "stopped"
    )
