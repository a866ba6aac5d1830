"""Write expectations from a run, so that a project with known failures can use the suite as a gate.

Existing entries are kept unchanged, including comments. Entries that no failure confirms any more
are removed; failures without an entry get a new one. Entries for requirements that the run did not
judge (``--case``, another profile, a broken requirement that was needed) are kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from itertools import takewhile
from typing import Any

from ..core.verdict import WrongUsage
from ..plan.expectations import Expected

_ENTRY = re.compile(r"^\s*\[\[\s*expected\s*\]\]\s*(#.*)?$")


def rebased(
    text: str, entries: list[Expected], rows: list[dict[str, Any]], requirements: Collection[str]
) -> str:
    """Return the new text of an expectations file.

    Arguments:
        text: the current text of the file; empty if there is no file.
        entries: its entries, in its order.
        rows: the results of a run with this file, or without expectations.
        requirements: the ids of all requirements that such a run could judge.
    Raises WrongUsage for a file whose entries have another syntax.
    """
    head, blocks = _cut(text)
    if len(blocks) != len(entries):
        raise WrongUsage("--expect: only a file whose entries are written [[expected]] can be kept")
    failed = [row for row in rows if row["verdict"] in ("FAIL", "FLAKY", "XFAIL", "WARN")]
    kept = [
        block
        for block, entry in zip(blocks, entries)
        if entry.flaky
        or any(_covers(entry, row) for row in failed)
        or entry.unjudged(rows, requirements)
    ]
    new = [
        row
        for row in failed
        if row["verdict"] in ("FAIL", "FLAKY") and not any(_covers(entry, row) for entry in entries)
    ]
    parts = [part for part in (head, *kept) if part.strip()]
    parts += [_block(row) for row in _distinct(new)]
    return "\n".join(part.strip("\n") + "\n" for part in parts)


def _covers(entry: Expected, row: dict[str, Any]) -> bool:
    same = entry.signature in (None, row["signature"])
    return same and entry.covers(row["id"], row["transport"])


def _cut(text: str) -> tuple[str, list[str]]:
    """Return the text before the first entry, and each entry with the comments above it."""
    lines = text.splitlines(keepends=True)
    starts = [number for number, line in enumerate(lines) if _ENTRY.match(line)]
    # The comments directly above an entry belong to it; an empty line separates others.
    cuts = [start - _comments_above(lines[:start]) for start in starts]
    ends = [*cuts[1:], len(lines)]
    head = "".join(lines[: cuts[0]]) if cuts else text
    return head, ["".join(lines[start:end]) for start, end in zip(cuts, ends)]


def _comments_above(lines: list[str]) -> int:
    return len(list(takewhile(lambda line: line.lstrip().startswith("#"), reversed(lines))))


def _distinct(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one row for each way to fail, for all transports together."""
    return list({(row["id"], row["signature"]): row for row in rows}.values())


def _block(row: dict[str, Any]) -> str:
    lines = ["[[expected]]", f"id = {json.dumps(row['id'])}"]
    if row["signature"]:
        lines.append(f"signature = {json.dumps(row['signature'])}")
    if row["verdict"] == "FLAKY":
        lines.append("flaky = true")
    return "\n".join([*lines, 'reason = "known when this file was made"', ""])
