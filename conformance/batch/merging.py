"""Merge the shards of a class into one report: ``merge DIR...``; each DIR is a shard's report."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from ..core.output import say
from ..core.verdict import MEANING, Exit, WrongUsage, cause_of
from ..marks import write_marks
from ..marks.scheme import Scheme
from ..reports import write_forms
from ..reports.merging import check_numbers
from ..reports.results import Results, read_results
from ..reports.writing import make_folder, not_written
from .report import WEIGHT, folder_of, write_class


def merge_classes(folders: list[Path], report: Path) -> Exit:
    """Write one report, and return its exit status.

    Raises WrongUsage, or NotWritten.
    """
    rows = {str(folder): _rows(folder) for folder in folders}
    for name, lines in rows.items():
        if not all("shard" in line for line in lines):
            raise WrongUsage(f"merge: {name} is not a shard: it was judged without --shard")
    check_numbers({name: lines[0]["shard"] for name, lines in rows.items()})
    # Shard N of M has the targets N, N + M, N + 2 M ... of the file.
    parts = [
        [str(line["name"]) for line in sorted(lines, key=lambda line: int(line["number"]))]
        for lines in sorted(rows.values(), key=lambda lines: int(lines[0]["shard"][0]))
    ]
    longest = max(map(len, parts))
    names = [part[place] for place in range(longest) for part in parts if place < len(part)]
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise WrongUsage(f"merge: {twice[0]} is in more than one shard")
    found = {
        str(line["name"]): _results(Path(folder) / str(line["folder"]))
        for folder, lines in rows.items()
        for line in lines
    }
    runs = {name: found[name] for name in names}
    schemes = {str(folder): _scheme(folder) for folder in folders}
    scheme = schemes[str(folders[0])]
    other = next((name for name, one in schemes.items() if one != scheme), None)
    if other is not None:
        raise WrongUsage(f"merge: {other} and {folders[0]} are marked in different ways")
    make_folder(report)
    scores = {}
    try:
        for name, run in runs.items():
            (report / folder_of(name)).mkdir(exist_ok=True)
            write_forms(report / folder_of(name), run)
            if scheme:
                scores[name] = write_marks(report / folder_of(name), name, run, scheme)
        write_class(report, runs, names, (scheme, scores))
    except OSError as error:
        raise not_written(f"report {report}", error) from None
    statuses = Counter(Exit(run.footer["exit"]) for run in runs.values())
    say(", ".join(f"{statuses[one]} {MEANING[one]}" for one in WEIGHT[::-1] if statuses[one]))
    say(f"report: {report / 'matrix.html'} (a folder for each target beside it)")
    return next(one for one in WEIGHT if statuses[one])


def _rows(folder: Path) -> list[dict[str, Any]]:
    path = folder / "batch.jsonl"
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        # Check here all fields that this module uses.
        for line in lines:
            if folder_of(str(line["name"])) != line["folder"] or not _is_shard(line.get("shard")):
                raise ValueError
            int(line["number"])
    except OSError as error:
        raise WrongUsage(f"merge: {path}: {cause_of(error)}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise WrongUsage(f"merge: {path}: not the report of a class") from None
    if not lines:
        raise WrongUsage(f"merge: {path}: it has no target")
    return lines


def _scheme(folder: Path) -> Scheme | None:
    path = folder / "grade.json"
    try:
        return Scheme.from_plain(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise WrongUsage(f"merge: {path}: {cause_of(error)}") from None
    except (ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError, RecursionError):
        raise WrongUsage(f"merge: {path}: not how a class is marked") from None


def _is_shard(value: object) -> bool:
    return value is None or (
        isinstance(value, list) and len(value) == 2 and all(type(one) is int for one in value)
    )


def _results(folder: Path) -> Results:
    path = folder / "results.jsonl"
    try:
        return read_results(path)
    except OSError as error:
        raise WrongUsage(f"merge: {path}: {cause_of(error)}") from None
    except ValueError:
        raise WrongUsage(f"merge: {path}: not the results of a whole run") from None
