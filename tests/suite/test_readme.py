"""The failure in README.md is what the suite prints for such a server."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from .. import forking

ROOT = Path(__file__).parents[2]


def without_accidents(text: str) -> list[str]:
    """Return the lines of a failure without times, port and the words that started the suite."""
    text = re.sub(r"^( +)\d+\.\d{3} A", r"\1T A", text, flags=re.MULTILINE)
    text = re.sub(r"127\.0\.0\.1:\d+", "ADDRESS", text)
    text = re.sub(r"^  reproduce .*", "  reproduce", text, flags=re.MULTILINE)
    return text.replace(" 10 s", " 2 s").splitlines()


def test_failure_of_the_readme(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```\n(FAIL .*?)^```", readme, re.DOTALL | re.MULTILINE)
    words = ["run", "mutant:echo/stops-at-nul", "--case", "echo/binary", "--transport", "tcp"]
    done = forking.run(
        [sys.executable, "-m", "conformance", *words, "--deadline", "2", "--report", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    printed = done.stdout.partition("\n\n")[2]
    assert without_accidents(printed)[: len(shown.splitlines())] == without_accidents(shown)
