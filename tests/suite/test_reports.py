"""results.jsonl is the source, JUnit is made from it, and unusual characters survive."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from conformance.core.verdict import Exit
from conformance.plan import Options, Plan
from conformance.plan.expectations import Expectations
from conformance.reports import write_reports
from conformance.reports.results import read_results
from conformance.reports.summary import summarise

OPTIONS = Options(target="tcp://127.0.0.1:1", cases=("echo/simple", "echo/binary"), profile="echo")
HOSTILE = 'NUL \0, ]]>, <&">, a lone \udcff surrogate, \x1b[31m and \ufffe'


def result(identity: str, verdict: str, message: str = "") -> dict[str, object]:
    return {
        "type": "result",
        "id": identity,
        "profile": "echo",
        "transport": "tcp",
        "level": "MUST",
        "clause": "2.2",
        "verdict": verdict,
        "signature": "wrong-bytes" if verdict == "FAIL" else "",
        "message": message,
        "transcript": [],
        "seconds": 0.5,
    }


def summed(*results: dict[str, object], crashes: list[str] | None = None, status: int = 0) -> Exit:
    plan = Plan(OPTIONS)
    return summarise(plan, Expectations([]), list(results), crashes or [], status).exit


def test_exit_status_is_derived_from_the_results() -> None:
    simple, binary = result("echo/simple", "PASS"), result("echo/binary", "PASS")
    assert summed(simple, binary) == Exit.CONFORMANT
    assert summed(simple, result("echo/binary", "WARN")) == Exit.CONFORMANT
    assert summed(simple, result("echo/binary", "FAIL")) == Exit.NOT_CONFORMANT
    assert summed(simple, result("echo/binary", "ERROR")) == Exit.SUITE_FAILED
    assert summed(simple, result("echo/binary", "XPASS")) == Exit.STALE_EXPECTATIONS
    skipped = result("echo/simple", "SKIP"), result("echo/binary", "SKIP")
    assert summed(*skipped) == Exit.NOTHING_RAN
    assert summed(simple, binary, status=2) == Exit.INTERRUPTED
    assert summed(simple, binary, status=3) == Exit.INTERNAL_ERROR


def test_missing_result_is_an_error_of_the_suite() -> None:
    assert summed(result("echo/simple", "PASS")) == Exit.SUITE_FAILED


def test_crashed_worker_is_an_error_of_the_suite() -> None:
    both = result("echo/simple", "PASS"), result("echo/binary", "PASS")
    assert summed(*both, crashes=["worker gw0 crashed"]) == Exit.SUITE_FAILED


def test_hostile_text_survives_in_both_reports(tmp_path: Path) -> None:
    plan = Plan(OPTIONS)
    results = [result("echo/simple", "PASS"), result("echo/binary", "FAIL", HOSTILE)]
    summary = summarise(plan, Expectations([]), results, [], 1)
    write_reports(tmp_path, plan, summary)
    assert read_results(tmp_path / "results.jsonl").results[1]["message"] == HOSTILE
    suite = ElementTree.parse(tmp_path / "junit.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    failure = suite.find("testcase/failure")
    assert failure is not None
    text = failure.text or ""
    assert "]]>" in text
    assert "\\x00" in text
    assert "\\udcff" in text
    assert "\\x1b[31m" in text
