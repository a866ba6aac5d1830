"""matrix.html: requirements by targets, in one self-contained file.

The template of the page is reports/matrix.html, whose script draws the data. This module makes
the data from the results of one run or of hundreds. Text of a server stays text: it is data in
JSON, and the script inserts it into the page only as text.
"""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

from ..core.verdict import MEANING, RED, Exit
from ..plan.contract import clauses
from ..profiles import REQUIREMENTS
from .results import Results
from .writing import write_whole

TEMPLATE = Path(__file__).with_name("matrix.html")

#: The most targets for which every cell has a transcript; with more, only cells that are not green.
WHOLE = 8

#: The most failures in print; the whole list of a class would be too long.
_PRINTED = 200

#: The most characters of a message, and events of a transcript, in one cell.
_MESSAGE, _EVENTS = 8000, 80

#: The number of last lines shown for a run without a verdict.
_SAID = 12

_LETTERS = {
    "PASS": "P",
    "FAIL": "F",
    "WARN": "W",
    "SKIP": "S",
    "ERROR": "E",
    "XFAIL": "x",
    "XPASS": "X",
    "FLAKY": "L",
}


def write_matrix(path: Path, runs: list[Results]) -> None:
    """Write the page for these runs. Raises OSError."""
    write_whole(path, page(runs))


def page(runs: list[Results]) -> str:
    """Return the page as text."""
    data = json.dumps(content(runs), separators=(",", ":"), ensure_ascii=True)
    # In a script element only "</script" and "<!--" matter (HTML 13.2.5.4), so: no "<".
    embedded = data.replace("<", "\\u003c")
    text = TEMPLATE.read_text(encoding="utf-8")
    # Insert the data last: a server's text must not be treated as a placeholder.
    for name, value in (("TITLE", _title(runs)), ("RED", _red(runs)), ("DATA", embedded)):
        text = text.replace(f"<!--{name}-->", value)
    return text


def content(runs: list[Results]) -> dict[str, Any]:
    """Return the data for the script: requirements, cases, and a letter for each case."""
    requirements: dict[str, dict[str, Any]] = {}
    cases: dict[tuple[str, str, str], int] = {}
    for run in runs:
        for row in run.results:
            requirements.setdefault(row["id"], _requirement(row, run.header))
            cases.setdefault(_case(row), len(cases))
    numbers = {identity: number for number, identity in enumerate(requirements)}
    return {
        "requirements": list(requirements.values()),
        "cases": [[numbers[name], transport, more] for name, transport, more in cases],
        "targets": [
            {"name": name, **_target(run, cases, whole=len(runs) <= WHOLE)}
            for name, run in zip(_names(runs), runs, strict=True)
        ],
    }


def _requirement(row: dict[str, Any], header: dict[str, Any]) -> dict[str, Any]:
    """Return a requirement's data for the page; less for one that this version does not have."""
    shown = {key: row[key] for key in ("id", "profile", "level", "clause")}
    own = header.get("requirements", {}).get(row["id"])
    if own:
        return {**shown, **own, "contract": ""}
    known = REQUIREMENTS.get(row["id"])
    return {
        **shown,
        "text": known.text if known else "",
        "basis": known.basis if known else "",
        "contract": clauses().get(row["clause"], "") if known else "",
    }


def _case(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["id"], row["transport"], row.get("mutant", "")


def _target(run: Results, cases: dict[tuple[str, str, str], int], *, whole: bool) -> dict[str, Any]:
    letters = [" "] * len(cases)
    details: dict[int, dict[str, Any]] = {}
    for row in run.results:
        number = cases[_case(row)]
        letters[number] = _LETTERS[row["verdict"]]
        if whole or row["verdict"] not in ("PASS", "SKIP"):
            details[number] = _detail(row)
    header = run.header
    return {
        "at": header["at"] or "",
        "written": header["written"],
        "suite": header["suite"],
        "counts": run.footer["counts"],
        "exit": run.footer["exit"],
        "meaning": MEANING[Exit(run.footer["exit"])],
        "score": str(header.get("score", "")),
        "said": [_clean(str(line)) for line in run.footer.get("said", [])][-_SAID:],
        "faults": [*run.footer["stale"], *run.footer["faults"]],
        "verdicts": "".join(letters),
        "details": details,
    }


def _detail(row: dict[str, Any]) -> dict[str, Any]:
    transcript = row["transcript"]
    cut = max(0, len(transcript) - _EVENTS)
    return {
        "signature": row["signature"],
        "message": _clean(_without_transcript(row["message"])[:_MESSAGE]),
        "seconds": round(row["seconds"], 3),
        "transcript": transcript[: _EVENTS // 2] + transcript[_EVENTS // 2 + cut :],
        "cut": cut,
    }


def _without_transcript(message: str) -> str:
    """Return the message without the lines of its transcript, which is drawn beside it."""
    kept, inside = [], False
    for line in message.split("\n"):
        inside = line.startswith("  transcript (") or (inside and line.startswith("      "))
        if not inside:
            kept.append(line)
    return "\n".join(kept)


def _name(run: Results) -> str:
    return str(run.header.get("name") or run.header["target"])


def _names(runs: list[Results]) -> list[str]:
    """Return the names of the columns: for ``@class.toml#ada`` only the last part, if unique."""
    names = [_name(run) for run in runs]
    short = [name.rpartition("#")[2] if name.startswith("@") else name for name in names]
    return short if len(set(short)) == len(names) else names


def _title(runs: list[Results]) -> str:
    what = _name(runs[0]) if len(runs) == 1 else f"{len(runs)} targets"
    return html.escape(_clean(f"conformance of {what}"))


def _red(runs: list[Results]) -> str:
    """Return the failures as plain HTML, for printing and for browsers without scripts."""
    red = [(run, row) for run in runs for row in run.results if row["verdict"] in RED]
    items = []
    for run, row in red[:_PRINTED]:
        where = f"{_name(run)}: {row['id']} over {row['transport']}"
        items.append(
            f"<section><h3>{_shown(row['verdict'])} {_shown(where)}</h3>"
            f"<pre>{_shown(row['message'][:_MESSAGE])}</pre></section>"
        )
    more = f"<p>and {len(red) - _PRINTED} more</p>" if len(red) > _PRINTED else ""
    return "\n".join([*items, more])


def _shown(text: str) -> str:
    return html.escape(_clean(text))


def _clean(text: str) -> str:
    """Return the text with escapes for what HTML forbids: NUL, other controls, lone surrogates."""
    return "".join(
        letter
        if letter in "\n\t" or (letter.isprintable() and not "\ud800" <= letter <= "\udfff")
        else ascii(letter)[1:-1]
        for letter in text
    )
