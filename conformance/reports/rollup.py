"""A self-test behind the proxy with only one row for each fault, for JUnit, TAP and other forms.

results.jsonl has a row for each requirement and each fault, which may be thousands.
"""

from __future__ import annotations

from collections import Counter

from ..faults.table import NONE
from .proof import Line, Proof, Row, proof_of
from .results import Results


def rolled_up(results: Results) -> Results:
    """Return the run with a row for each fault, for JUnit, TAP, the summary and the badge."""
    proof = of_results(results)
    rows = [
        row
        for row in results.results
        if row["verdict"] == "ERROR"
        or (row["mutant"].endswith(f"/{NONE.name}") and row["verdict"] in ("FAIL", "WARN"))
    ]
    rows += [_row(one) for one in proof.lines]
    transport = results.results[0]["transport"] if results.results else ""
    for profile, reasons in proof.moot.items():
        rows += [_moot(profile, fault, why, transport) for fault, why in reasons.items()]
    counts = dict(Counter(row["verdict"] for row in rows))
    return results._replace(
        results=rows,
        footer={**results.footer, "counts": counts, "score": proof.verdict, "noticed": proof.ratio},
    )


def _row(line: Line) -> Row:
    message = line.text
    if line.verdict == "FAIL" and line.is_lawful:
        message = "\n\n".join([message, *(row["message"] for row in line.red)])
    elif line.verdict == "FAIL" and line.fault is not None:
        message = f"{message}\nwhat would: {line.fault.finds}"
    first = line.rows[0]
    return {
        "type": "result",
        "id": f"{line.profile}/{line.name}",
        "profile": line.profile,
        "transport": first["transport"],
        "level": "MUST",
        "spec": "fault",
        "clause": line.name,
        "verdict": line.verdict,
        "signature": "" if line.verdict != "FAIL" else "fragile" if line.is_lawful else "survived",
        "message": "" if line.verdict == "PASS" else message,
        "transcript": [],
        "seconds": round(sum(row["seconds"] for row in line.rows), 3),
    }


def _moot(profile: str, fault: str, reason: str, transport: str) -> Row:
    return {
        "type": "result",
        "id": f"{profile}/{fault}",
        "profile": profile,
        "transport": transport,
        "level": "MUST",
        "spec": "fault",
        "clause": fault,
        "verdict": "SKIP",
        "signature": "",
        "message": f"does not apply: {reason}",
        "transcript": [],
        "seconds": 0.0,
    }


def of_results(results: Results) -> Proof:
    """Return the proof from the content of a results.jsonl."""
    return proof_of(results.results, results.header)
