"""The judge of one target of a class, as the class sees it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from conformance.core.verdict import Exit

from .judging import ROOT

#: A judge that sends a result, and then does not end.
DOES_NOT_END = """
import json, sys, threading
from conformance.batch.link import send_rows, take_stdout

link = take_stdout()
request = json.loads(sys.stdin.buffer.readline())
send_rows(link, request["key"], [{"type": "footer", "exit": 0}])
threading.Event().wait()
"""

#: Judges a target with this judge in place of the suite's own, and prints the outcome.
JUDGES = """
import json
from conformance.batch import isolated
from conformance.batch.boxes import NONE
from conformance.batch.limits import Limits
from conformance.plan import Options

isolated.SUITE = "does_not_end"
asked = isolated.Asked(Options(target="./server {port}"), Limits(time=4.0), NONE)
print(json.dumps(isolated.judge_alone(asked)))
"""


def test_results_of_a_stopped_judge_are_discarded(tmp_path: Path) -> None:
    (tmp_path / "does_not_end.py").write_text(DOES_NOT_END)
    found = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-c", JUDGES],
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": found},
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["stopped"] == ["the run took more than 4 s"]
    assert (outcome["rows"], outcome["exit"]) == ([], Exit.UNREACHABLE)
