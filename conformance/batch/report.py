"""The report of a class: a printed line and a folder for each target, and one matrix.

A target without results (it did not start, or took too long) is also a row of the matrix, with
the reason.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import IO, Any

from ..core.output import Screen
from ..core.verdict import MEANING, Exit, NotWritten, WrongUsage
from ..marks import write_marks, write_table
from ..marks.scheme import Scheme
from ..marks.score import Score, shown
from ..plan import Plan
from ..reports import write_forms
from ..reports.matrix import WHOLE, write_matrix
from ..reports.results import Results
from ..reports.writing import not_written, write_whole
from .outcome import not_judged, results_of

#: The exit statuses of a class; each takes precedence over those after it.
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

#: The fields of an outcome that never arrived.
NOTHING_CAME: dict[str, Any] = {
    "rows": [],
    "refused": 0,
    "killed": "",
    "isolation": "none",
    "limits": "watched",
    "seconds": 0.0,
}

#: The version of the format of batch.jsonl; an additional field does not change it.
VERSION = 1


class ClassReport:
    """The report of a class: it takes outcomes, prints a line for each, and writes the files.

    Arguments:
        plans: the plan of each target, by its name, in the order of the file.
        folder: where the report is written.
        stream: where to print; None is stdout.
        shard: which part of the class this is; None for the whole class.
        scheme: how the class is marked; None if it is not marked.
    """

    def __init__(
        self,
        plans: dict[str, Plan],
        folder: Path,
        stream: IO[str] | None = None,
        shard: tuple[int, int] | None = None,
        scheme: Scheme | None = None,
    ) -> None:
        self._plans = plans
        self._shard = shard
        self._scheme = scheme
        self._scores: dict[str, Score] = {}
        self._folder = folder
        self._screen = Screen(stream)
        self._results: dict[str, Results] = {}
        self._unwritten: WrongUsage | NotWritten | None = None

    def take(self, name: str, outcome: dict[str, Any]) -> None:
        """Take a target's outcome: print its line, and write its folder."""
        folder = self._folder / folder_of(name)
        results = results_of(self._plans[name], outcome)
        for about in ("isolation", "limits"):
            results.header[about] = str(outcome[about])
        try:
            _remove_link(folder)
            folder.mkdir(parents=True, exist_ok=True)
            try:
                write_forms(folder, results)
                self._mark(name, results)
            except (ValueError, TypeError, LookupError) as error:
                # An error in the outcome of one target must not stop the judging of the others.
                reason = f"not judged: its results cannot be reported ({error!r})"
                results = not_judged(self._plans[name], reason)
                write_forms(folder, results)
                self._mark(name, results)
        except OSError as error:
            # The other targets are judged nevertheless; end() reports the error.
            self._unwritten = self._unwritten or not_written(f"report {folder}", error)
        self._results[name] = results
        self._screen.say(self._line(name, results, outcome["seconds"]))
        self._show_progress()
        self._results[name] = self._of_page(results)

    def keep(self, name: str, results: Results) -> None:
        """Take the results of an earlier run, which are already in the report's folder."""
        self._results[name] = self._of_page(results)
        try:
            self._mark(name, results)
        except OSError as error:
            where = self._folder / folder_of(name)
            self._unwritten = self._unwritten or not_written(f"report {where}", error)

    def _of_page(self, results: Results) -> Results:
        """Return the results for the page of the class.

        In a large class they have no transcripts of passed cases, because those of hundreds of
        targets would fill the memory; each target's own folder has the transcripts.
        """
        if len(self._plans) <= WHOLE:
            return results
        return results._replace(results=[_slim(row) for row in results.results])

    def _mark(self, name: str, results: Results) -> None:
        if self._scheme:
            folder = self._folder / folder_of(name)
            self._scores[name] = write_marks(folder, name, results, self._scheme)

    def end(self, missing: str) -> Exit:
        """Write the report of the whole class, and return its exit status.

        Arguments:
            missing: the reason for targets without an outcome.
        Raises WrongUsage or NotWritten if the report or the output is incomplete.
        """
        for name in self._plans:
            if name not in self._results:
                lost = {"exit": int(Exit.SUITE_FAILED), "said": "", "stopped": [missing]}
                self.take(name, {**lost, **NOTHING_CAME})
        runs = [self._results[name] for name in self._plans]
        try:
            for written in ("matrix.html", "batch.jsonl"):
                _remove_link(self._folder / written)
            names, marked = list(self._plans), (self._scheme, self._scores)
            write_class(self._folder, self._results, names, marked, self._shard)
        except OSError as error:
            self._unwritten = self._unwritten or not_written(f"report {self._folder}", error)
        statuses = Counter(Exit(run.footer["exit"]) for run in runs)
        self._screen.say(
            ", ".join(f"{statuses[one]} {MEANING[one]}" for one in WEIGHT[::-1] if statuses[one])
        )
        failure = self._unwritten or self._screen.failure
        if failure is not None:
            raise failure
        self._screen.say(
            f"report: {self._folder / 'matrix.html'} (a folder for each target beside it)"
        )
        return next(one for one in WEIGHT if statuses[one])

    def _line(self, name: str, results: Results, seconds: float) -> str:
        counts = ", ".join(
            f"{number} {verdict}" for verdict, number in sorted(results.footer["counts"].items())
        )
        status = Exit(results.footer["exit"])
        reason = "; ".join(str(one).splitlines()[0] for one in results.footer["faults"])
        reason = reason.removeprefix(f"{MEANING[status]}: ")
        number = f"[{len(self._results)}/{len(self._plans)}]"
        score = self._scores.get(name)
        if score and score.total is not None:
            counts = f"{shown(score.total)} of {shown(score.points)} points, {counts}".rstrip(", ")
        more = (f" ({counts})" if counts else "") + (f": {reason}" if reason else "")
        return f"{number} {name}: {MEANING[status]}{more} in {seconds:.1f} s"

    def _show_progress(self) -> None:
        if len(self._results) < len(self._plans):
            red = sum(bool(run.footer["exit"]) for run in self._results.values())
            self._screen.progress(f"{len(self._results)}/{len(self._plans)}, {red} not green")


def write_class(
    folder: Path,
    runs: dict[str, Results],
    names: list[str],
    marked: tuple[Scheme | None, dict[str, Score]],
    shard: tuple[int, int] | None = None,
) -> None:
    """Write the files of a class's report, besides the folders of its targets.

    Arguments:
        runs: the results by name, in the order in which the runs ended.
        names: the names in the order of the file.
        marked: the marking scheme, and the scores.
    Raises OSError.
    """
    scheme, scores = marked
    rows = [
        {
            "version": VERSION,
            "name": name,
            "exit": run.footer["exit"],
            "counts": run.footer["counts"],
            "faults": run.footer["faults"],
            "isolation": run.header.get("isolation", "none"),
            "limits": run.header.get("limits", "watched"),
            "folder": folder_of(name),
            "number": names.index(name) + 1,
            **({"shard": shard} if shard else {}),
            **(_marked(scores[name]) if name in scores else {}),
        }
        for name, run in runs.items()
    ]
    write_matrix(
        folder / "matrix.html", [_with_score(runs[name], scores.get(name)) for name in names]
    )
    if scheme:
        notes = {name: "; ".join(map(str, runs[name].footer["faults"])) for name in names}
        write_table(
            folder, {name: (scores[name], notes[name]) for name in names if name in scores}, scheme
        )
    write_whole(folder / "batch.jsonl", "".join(json.dumps(row) + "\n" for row in rows))


def _with_score(run: Results, score: Score | None) -> Results:
    """Return the results with the score in their header, for the page of the class."""
    if score is None or score.total is None:
        return run
    text = f"{shown(score.total)} of {shown(score.points)}"
    return run._replace(header={**run.header, "score": text})


def _marked(score: Score) -> dict[str, Any]:
    total = None if score.total is None else float(shown(score.total))
    return {"score": total, "points": float(shown(score.points))}


def _remove_link(path: Path) -> None:
    """Remove a symbolic link: a server could redirect the report with it."""
    if path.is_symlink():
        path.unlink()


def _slim(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "transcript": []} if row["verdict"] in ("PASS", "SKIP") else row


def folder_of(name: str) -> str:
    """Return the folder's name for a target; two targets never have the same folder."""
    return re.sub(r"[^\w.-]|^\.", lambda found: f"%{ord(found.group()):02X}", name, flags=re.ASCII)
