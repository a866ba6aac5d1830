"""The commands for results of earlier runs: ``matrix``, ``merge``, ``diff``, ``baseline``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..core.output import say
from ..core.verdict import MEANING, Exit, WrongUsage, cause_of
from ..plan import expectations
from ..profiles import REQUIREMENTS
from ..reports import tell_github, write_forms
from ..reports.baseline import rebased
from ..reports.diff import changes
from ..reports.form import Malformed
from ..reports.matrix import write_matrix
from ..reports.merging import merged
from ..reports.results import Results, read_results
from ..reports.writing import make_folder, not_written, write_whole

#: The default file for the page of several runs.
MATRIX = "matrix.html"


def matrix(given: dict[str, Any]) -> Exit:
    """Run ``matrix``: show many runs in one page."""
    runs = [_results_of(folder) for folder in given["DIR"]]
    output = Path(given["--output"] or MATRIX)
    try:
        write_matrix(output, runs)
    except OSError as error:
        raise not_written(f"--output {output}", error) from None
    say(f"{output}: {len(runs)} {'run' if len(runs) == 1 else 'runs'}")
    return Exit.CONFORMANT


def merge(given: dict[str, Any]) -> Exit:
    """Run ``merge``: join the shards of a run into one report."""
    folders, report = [Path(one) for one in given["DIR"]], Path(given["--report"])
    twice = [one for one in folders if folders.count(one) > 1]
    if twice:
        raise WrongUsage(f"merge: {twice[0]} is named twice")
    classes = [one for one in folders if (one / "batch.jsonl").exists()]
    if classes:
        from ..batch.merging import merge_classes

        if len(classes) < len(folders):
            other = next(one for one in folders if one not in classes)
            raise WrongUsage(f"merge: {classes[0]} is the report of a class, and {other} is not")
        return merge_classes(folders, report)
    whole = merged({str(folder): _results_of(str(folder)) for folder in folders})
    make_folder(report)
    try:
        write_forms(report, whole)
    except OSError as error:
        raise not_written(f"report {report}", error) from None
    tell_github(whole)
    counts = ", ".join(f"{number} {verdict}" for verdict, number in whole.footer["counts"].items())
    exit_ = Exit(whole.footer["exit"])
    for line in [*whole.footer["stale"], *whole.footer["faults"]]:
        say(f"{'STALE' if line in whole.footer['stale'] else 'ERROR'} {line}")
    say(f"{len(folders)} shards: {counts}\nreport: {report / 'matrix.html'}")
    say(f"{MEANING[exit_]} (exit {int(exit_)})")
    return exit_


def diff(given: dict[str, Any]) -> Exit:
    """Run ``diff``: show what changed between two runs."""
    found = changes(_results_of(given["BEFORE"]), _results_of(given["AFTER"]))
    for change in found:
        say(str(change))
    say(f"{len(found)} changed, {sum(change.worse for change in found)} of them for the worse")
    return Exit.NOT_CONFORMANT if any(change.worse for change in found) else Exit.CONFORMANT


def baseline(given: dict[str, Any]) -> Exit:
    """Run ``baseline``: write and prune the known failures."""
    path = Path(given["--expect"])
    run = _results_of(given["--report"])
    if run.footer["exit"] in (Exit.INTERRUPTED, Exit.INTERNAL_ERROR):
        raise WrongUsage(
            f"{given['--report']}: that run was interrupted; a baseline needs a complete run"
        )
    exists = os.path.lexists(path)
    known = expectations.read(str(path)) if exists else expectations.Expectations([])
    text = path.read_text(encoding="utf-8") if exists else ""
    own = run.header.get("requirements", {})
    new = rebased(text, known.entries, run.results, [*REQUIREMENTS, *own])
    try:
        write_whole(path, new)
    except OSError as error:
        raise not_written(f"--expect {path}", error) from None
    say(f"{path}: {new.count('[[expected]]')} known failures (there were {len(known.entries)})")
    return Exit.CONFORMANT


def _results_of(folder: str) -> Results:
    """Return the results of a run, from its folder or its results.jsonl."""
    path = Path(folder)
    source = path / "results.jsonl" if path.is_dir() else path
    try:
        return read_results(source)
    except OSError as error:
        cause = cause_of(error)
        raise WrongUsage(f"{source}: {cause}") from None
    except Malformed as error:
        raise WrongUsage(f"{source}: not the results of a whole run ({error})") from None
    except ValueError:
        raise WrongUsage(f"{source}: not the results of a whole run") from None
