"""badge.json, for the endpoint badge of shields.io."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..core.verdict import Exit
from .results import Results

#: Exit status -> colour; other statuses prove nothing about the target.
_COLOURS = {Exit.CONFORMANT: "brightgreen", Exit.NOT_CONFORMANT: "red"}


def write_badge(path: Path, results: Results) -> None:
    """Write the badge of a run."""
    path.write_text(json.dumps(badge(results)) + "\n", encoding="ascii")


def badge(results: Results) -> dict[str, Any]:
    """Return the badge: how many of the judged requirements are met."""
    counts, exit_ = results.footer["counts"], Exit(results.footer["exit"])
    judged = sum(number for verdict, number in counts.items() if verdict != "SKIP")
    hold = counts.get("PASS", 0) + counts.get("WARN", 0)
    known = exit_ in _COLOURS
    return {
        "schemaVersion": 1,
        "label": "faults noticed" if "score" in results.footer else "conformance",
        "message": results.footer.get("noticed", f"{hold}/{judged}")
        if known
        else exit_.name.lower().replace("_", " "),
        "color": _COLOURS.get(exit_, "lightgrey"),
        "isError": exit_ != Exit.CONFORMANT,
    }
