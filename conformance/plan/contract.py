"""The clauses of SPEC.md by their numbers, which reports show beside a verdict."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

SPEC = Path(__file__).parents[1] / "SPEC.md"


@cache
def clauses() -> dict[str, str]:
    """Return number -> text of the clause, as one line of plain text."""
    items = re.findall(
        r"^- \*\*(\d+\.\d+)\*\* (.*(?:\n  .*)*)", SPEC.read_text(encoding="utf-8"), re.MULTILINE
    )
    return {number: re.sub(r"\s+|\*\*", " ", text).strip() for number, text in items}
