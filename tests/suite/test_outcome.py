"""A judge's results for its class must be signed, complete and as planned, or they are ignored."""

from __future__ import annotations

import copy
import io
import os
import sys
from typing import Any

import pytest

from conformance.batch.link import Reading, Signed, become_private, send_rows
from conformance.batch.outcome import results_of
from conformance.core.verdict import Exit
from conformance.plan import Options, Plan
from conformance.reports.results import footer, header
from conformance.reports.summary import Summary

KEY = "5e" * 32

PLAN = Plan(Options(target="./server {port}", cases=("echo/simple", "echo/half-close")))


def rows() -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = [
        {
            "type": "result",
            "id": case.requirement.id,
            "profile": "echo",
            "transport": case.transport,
            "level": case.requirement.level.value,
            "clause": case.requirement.clause,
            "verdict": "PASS",
            "signature": "",
            "message": "",
            "transcript": [],
            "seconds": 0.1,
        }
        for case in PLAN.cases
    ]
    counts = {"PASS": len(results)}
    end = footer(Summary(results, counts, [], [], Exit.CONFORMANT))
    return [header(PLAN), *results, end]


def outcome(said: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    signed, check = Signed(KEY), Signed(KEY)
    texts = [check.take(signed.sign(row)) for row in said]
    usual = {"exit": 0, "rows": texts, "refused": 0, "killed": "", "said": "", "stopped": []}
    return {**usual, "seconds": 0.1, **more}


def test_results_that_match_the_plan_are_accepted() -> None:
    results = results_of(PLAN, outcome(rows()))
    assert results.footer["exit"] == 0
    assert results.footer["counts"] == {"PASS": len(PLAN.cases)}


def _drop(all_of_them: list[dict[str, Any]]) -> None:
    del all_of_them[1]
    all_of_them[-1]["counts"]["PASS"] -= 1


def _twice(all_of_them: list[dict[str, Any]]) -> None:
    all_of_them[2] = all_of_them[1]


def _not_planned(all_of_them: list[dict[str, Any]]) -> None:
    all_of_them[1]["id"] = "echo/other"


def _other_clause(all_of_them: list[dict[str, Any]]) -> None:
    all_of_them[1]["clause"] = "9.9"


def _other_level(all_of_them: list[dict[str, Any]]) -> None:
    all_of_them[1]["level"] = {"MUST": "SHOULD", "SHOULD": "MUST"}[all_of_them[1]["level"]]


def _red_called_green(all_of_them: list[dict[str, Any]]) -> None:
    all_of_them[1]["verdict"] = "FAIL"
    all_of_them[-1]["counts"] = {"PASS": len(all_of_them) - 3, "FAIL": 1}


def _nothing_judged(all_of_them: list[dict[str, Any]]) -> None:
    for row in all_of_them[1:-1]:
        row["verdict"] = "SKIP"
    all_of_them[-1]["counts"] = {"SKIP": len(all_of_them) - 2}


def _no_end(all_of_them: list[dict[str, Any]]) -> None:
    del all_of_them[-1]


def _no_transports(all_of_them: list[dict[str, Any]]) -> None:
    all_of_them[0]["transports"] = ["carrier pigeon"]


@pytest.mark.parametrize(
    "spoil",
    [
        _drop,
        _twice,
        _not_planned,
        _other_clause,
        _other_level,
        _red_called_green,
        _nothing_judged,
        _no_end,
        _no_transports,
    ],
)
def test_other_results_are_refused(spoil: Any) -> None:
    said = copy.deepcopy(rows())
    spoil(said)
    results = results_of(PLAN, outcome(said))
    assert results.footer["exit"] == Exit.SUITE_FAILED
    assert results.results == []
    assert "not judged: the judge's results are broken" in results.footer["faults"][0]


def test_killed_judge_has_no_results() -> None:
    results = results_of(PLAN, outcome(rows(), killed="SIGKILL", exit=6))
    assert results.footer["faults"] == ["not judged: the judge was killed (SIGKILL)"]
    assert results.footer["exit"] == Exit.SUITE_FAILED


def test_status_that_contradicts_the_results_is_not_judged() -> None:
    assert results_of(PLAN, outcome(rows(), exit=1)).footer["exit"] == Exit.SUITE_FAILED


def test_lines_of_other_processes_are_refused_and_reported() -> None:
    read, write = os.pipe()
    with open(read, "rb") as said:
        send_rows(write, KEY, [{"number": 1}, {"number": 2}])
        mine = said.readlines()
    forged = Signed("00" * 32).sign({"number": 3})
    out_of_place = mine[0]
    said_all = io.BytesIO(b"".join([forged, mine[0], out_of_place, b"noise\n", mine[1]]))
    reading = Reading(said_all, io.BytesIO(b"x" * 10000 + b"the end\n"), KEY)
    reading.end()
    assert reading.rows == ['{"number": 1}', '{"number": 2}']
    assert reading.refused == 3
    assert reading.printed.endswith("the end\n")
    assert len(reading.printed) < 10000
    results = results_of(PLAN, outcome(rows(), refused=3))
    assert results.footer["faults"] == ["3 lines that the judge did not write were refused"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only on Linux: prctl(2)")
def test_no_process_of_the_same_user_can_read_a_judges_memory() -> None:
    pid = os.fork()
    if not pid:
        become_private()
        with open("/proc/self/status") as status:
            # The /proc files of a process that is not dumpable are owned by root (proc(5)).
            owner = os.fstat(status.fileno()).st_uid
        os._exit(0 if owner == 0 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
