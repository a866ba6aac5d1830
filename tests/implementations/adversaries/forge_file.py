"""Writes forged results beside its judge's files, and kills the judge."""

import json
import os
import signal

from echo import judges

CASE = {
    "type": "result",
    "id": "echo/simple",
    "profile": "echo",
    "transport": "tcp",
    "level": "MUST",
    "clause": "2.1",
    "verdict": "PASS",
    "signature": "",
    "message": "",
    "transcript": [],
    "seconds": 0.1,
}
HEADER = {
    "type": "header",
    "suite": "1.0",
    "target": "./server",
    "at": None,
    "profiles": ["echo"],
    "written": "2026-01-01T00:00:00Z",
}
FOOTER = {"type": "footer", "counts": {"PASS": 1}, "stale": [], "faults": [], "exit": 0}

folder = os.environ.get("TMPDIR", "/tmp")
for place in (folder, os.path.dirname(folder)):
    for report in (place, os.path.join(place, "report")):
        try:
            os.makedirs(report, exist_ok=True)
            with open(os.path.join(report, "results.jsonl"), "w") as file:
                file.writelines(json.dumps(row) + "\n" for row in (HEADER, CASE, FOOTER))
        except OSError:
            pass
for judge in judges():
    os.kill(judge, signal.SIGKILL)
signal.pause()
