"""ctrf.json: the Common Test Report Format, 0.0.0 (ctrf.io), from results.jsonl."""

from __future__ import annotations

import calendar
import json
import time
from pathlib import Path
from typing import Any

from .. import __version__
from .results import Results
from .summary import case_name

#: The version of the format's schema that the file conforms to.
SPEC_VERSION = "0.0.0"

#: Verdict -> status. A known failure is neither a failure nor a success.
_STATUS = {
    "PASS": "passed",
    "WARN": "passed",
    "FAIL": "failed",
    "FLAKY": "failed",
    "XPASS": "failed",
    "SKIP": "skipped",
    "XFAIL": "other",
    "ERROR": "other",
}


def write_ctrf(path: Path, results: Results) -> None:
    """Write the file. Raises OSError."""
    path.write_text(json.dumps(ctrf(results), indent=1) + "\n", encoding="ascii")


def ctrf(results: Results) -> dict[str, Any]:
    """Return the file's content."""
    tests = [_test(row, results.header.get("file")) for row in results.results]
    statuses = [test["status"] for test in tests]
    stop = _milliseconds(str(results.header["written"]))
    taken = sum(test["duration"] for test in tests)
    counts = {
        status: statuses.count(status)
        for status in ("passed", "failed", "skipped", "pending", "other")
    }
    return {
        "reportFormat": "CTRF",
        "specVersion": SPEC_VERSION,
        "generatedBy": f"pync-conformance {__version__}",
        "results": {
            "tool": {"name": "pync-conformance", "version": __version__},
            "summary": {
                "tests": len(tests),
                **counts,
                "flaky": sum(test.get("flaky", False) for test in tests),
                "start": max(0, stop - taken),
                "stop": stop,
            },
            "tests": tests,
            "environment": {
                "appName": str(results.header["target"]),
                "osPlatform": str(results.header.get("platform", "")).lower(),
                "extra": {"exit": results.footer["exit"], "faults": results.footer["faults"]},
            },
        },
    }


def _test(row: dict[str, Any], file: str | None) -> dict[str, Any]:
    first, _, rest = str(row["message"]).partition("\n")
    test: dict[str, Any] = {
        "name": case_name(row),
        "status": _STATUS[row["verdict"]],
        "duration": round(row["seconds"] * 1000),
        "suite": [row["profile"], row["transport"]],
        "rawStatus": row["verdict"],
        "tags": [row["level"], row["clause"]],
    }
    if first:
        test["message"] = first
    if rest:
        test["trace"] = rest
    if row["verdict"] == "FLAKY":
        test["flaky"] = True
    if file:
        test["filePath"] = file
    return test


def _milliseconds(written: str) -> int:
    """Return the milliseconds since the epoch; 0 for a time in another format."""
    try:
        return calendar.timegm(time.strptime(written, "%Y-%m-%dT%H:%M:%SZ")) * 1000
    except ValueError:
        return 0
