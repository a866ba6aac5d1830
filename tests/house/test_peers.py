"""On a machine without the peers a test is skipped and leaves nothing behind, whatever it did."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: A test that starts a program, holds it by nothing, and asks for a peer only then.
ASKS_LATE = """
import sys
from tests.programs import Program, needs

def test_asks_late():
    Program(sys.executable, "-c", "input()")
    needs("nc")

def test_asks_late_within(request):
    with Program(sys.executable, "-c", "input()"):
        needs("nc")
"""


def test_a_test_that_asks_late_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("from tests.conftest import *\n")
    (tmp_path / "test_asking.py").write_text(ASKS_LATE)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-rs", str(tmp_path)],
        cwd=tmp_path,
        env={"PATH": "", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "2 skipped" in done.stdout, done.stdout
    assert "nc is missing (Debian: netcat-openbsd)" in done.stdout
    assert "error" not in done.stdout
