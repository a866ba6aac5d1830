"""results.tap: the Test Anything Protocol, version 13, from results.jsonl.

Version 14 is refused by the reader that most systems have (Perl's prove).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..core.verdict import MEANING, Exit
from .results import Results

_OK = frozenset({"PASS", "WARN", "SKIP", "XFAIL"})

#: Verdict -> directive. TAP's "todo" is a known failure.
_DIRECTIVES = {"SKIP": "SKIP", "XFAIL": "todo"}


def write_tap(path: Path, results: Results) -> None:
    """Write a test point for each judged requirement and transport."""
    rows, faults = results.results, results.footer["faults"]
    others = [f"the suite itself: {fault.strip().splitlines()[0]}" for fault in faults]
    others += [
        f"expectations: {stale.strip().splitlines()[0]}" for stale in results.footer["stale"]
    ]
    status = Exit(results.footer["exit"])
    if status and not others and all(row["verdict"] in _OK for row in rows):
        # Nothing was judged, or the run did not complete: no other test point shows this.
        others.append(f"the run: {MEANING[status]}")
    lines = ["TAP version 13", f"1..{len(rows) + len(others)}"]
    for number, row in enumerate(rows, 1):
        lines += _point(number, row)
    for number, other in enumerate(others, len(rows) + 1):
        lines.append(f"not ok {number} - {_plain(other)}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="backslashreplace")


def _point(number: int, row: dict[str, Any]) -> list[str]:
    verdict = row["verdict"]
    clause = f"{row.get('spec', 'SPEC')} {row['clause']}"
    what = f"{row['id']} over {row['transport']} ({row['level']}, {clause})"
    # An expected failure is "not ok ... # todo", as the directive requires.
    ok = "ok" if verdict in _OK and verdict != "XFAIL" else "not ok"
    line = f"{ok} {number} - {_plain(what)}"
    first = _plain((row["message"].splitlines() or [""])[0])
    if verdict in _DIRECTIVES:
        return [f"{line} # {_DIRECTIVES[verdict]} {first}"]
    if verdict == "PASS":
        return [line]
    # YAML is a superset of JSON, so that JSON strings need no YAML quoting.
    diagnostic = {"verdict": verdict, "signature": row["signature"], "message": row["message"]}
    block = [f"  {key}: {json.dumps(value)}" for key, value in diagnostic.items()]
    return [line, "  ---", *block, "  ..."]


def _plain(text: str) -> str:
    """Return a description in one line, with "#" and the backslash escaped for TAP."""
    escaped = text.replace("\\", "\\\\").replace("#", "\\#")
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in escaped)
