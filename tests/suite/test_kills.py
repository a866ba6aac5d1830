"""The kill matrix: every requirement must detect a mutant, and every mutant must be detected."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conformance.mutants.catalogue import MUTANTS
from conformance.reports.kills import accused, as_json, as_text, idle_needs, kills_of, shown

from .judging import conformance, read

KILLED, SURVIVED = "PASS", "SKIP"


def row(requirement: str, mutant: str, verdict: str) -> dict[str, Any]:
    return {
        "type": "result",
        "id": requirement,
        "profile": "echo",
        "transport": "tcp",
        "level": "MUST",
        "clause": "2.1",
        "verdict": verdict,
        "signature": "wrong-byte" if verdict == KILLED else "survived",
        "message": "",
        "transcript": [],
        "seconds": 0.1,
        "mutant": mutant,
    }


ROWS = [
    row("echo/a", "echo/one", KILLED),
    row("echo/a", "echo/two", KILLED),
    row("echo/b", "echo/one", KILLED),
    row("echo/b", "echo/two", SURVIVED),
]
WRONG = [
    row("echo/idle", "echo/one", SURVIVED),
    row("echo/idle", "echo/immortal", SURVIVED),
    row("echo/a", "echo/immortal", SURVIVED),
]


def test_which_requirement_detects_which_mutant() -> None:
    kills = kills_of(ROWS)
    assert kills.killed == {"echo/a": ["echo/one", "echo/two"], "echo/b": ["echo/one"]}
    assert kills.killers == {"echo/one": ["echo/a", "echo/b"], "echo/two": ["echo/a"]}
    assert kills.alone("echo/a") == ["echo/two"]
    assert kills.alone("echo/b") == []
    assert kills.idle == kills.survivors == []


def test_useless_requirement_and_surviving_mutant() -> None:
    kills = kills_of([*ROWS, *WRONG])
    assert kills.idle == ["echo/idle"]
    assert kills.survivors == ["echo/immortal"]
    text = as_text(kills)
    assert "ERROR echo/idle kills nothing" in text
    assert "ERROR mutant:echo/immortal survives" in text


def test_run_names_requirements_whose_needs_pass() -> None:
    rows = [
        row("echo/half-close", "echo/stays-after-fin", KILLED),
        row("echo/simple", "echo/stays-after-fin", SURVIVED),
        row("echo/concurrent", "echo/stays-after-fin", KILLED),
        row("echo/half-close", "echo/holds-newline-back", KILLED),
        row("echo/simple", "echo/holds-newline-back", KILLED),
        row("echo/terminal", "echo/holds-newline-back", KILLED),
    ]
    kills = kills_of(rows)
    assert shown(kills, "echo/stays-after-fin") == ["echo/half-close"]
    assert accused(kills) == []
    assert shown(kills, "echo/holds-newline-back") == ["echo/simple"]
    assert idle_needs(kills) == []
    lines = as_text(kills).splitlines()
    assert not [line for line in lines if " breaks " in line]


def test_requirement_that_fails_for_another_fault_is_reported() -> None:
    """A requirement that blocks another one counts together with the needs of that one."""
    rows = [
        row("echo/isolation", "echo/broadcasts", KILLED),
        row("echo/half-sent", "echo/broadcasts", KILLED),
        row("echo/reset-mid-message", "echo/broadcasts", KILLED),
        row("echo/segments", "echo/broadcasts", KILLED),
    ]
    kills = kills_of(rows)
    assert shown(kills, "echo/broadcasts") == ["echo/isolation", "echo/segments"]
    said = "mutant:echo/broadcasts breaks echo/isolation; a run names echo/isolation, echo/segments"
    assert f"ERROR {said}" in as_text(kills).splitlines()


def test_need_that_no_mutant_proves_is_reported() -> None:
    rows = [
        row("echo/half-close", "echo/stays-after-fin", KILLED),
        row("echo/concurrent", "echo/one-at-a-time", KILLED),
    ]
    kills = kills_of(rows)
    assert idle_needs(kills) == [("echo/concurrent", "echo/half-close")]
    said = "ERROR echo/concurrent needs echo/half-close, and no mutant shows why"
    assert said in as_text(kills).splitlines()


def test_text_has_a_line_for_each_requirement() -> None:
    assert as_text(kills_of(ROWS)).splitlines() == [
        "requirement  kills  alone",
        "echo/a           2  two",
        "echo/b           1",
        "2 mutants, 0 survive, 1 have one killer; 2 requirements, 0 kill nothing",
    ]


def test_json_contains_how_each_mutant_was_detected() -> None:
    told = json.loads(as_json(kills_of(ROWS)))
    assert told["mutants"]["echo/one"] == {"echo/a": "wrong-byte", "echo/b": "wrong-byte"}
    assert told["requirements"]["echo/a"]["alone"] == ["echo/two"]


@pytest.mark.long
def test_run_of_the_matrix(tmp_path: Path) -> None:
    """Run two requirements against every mutant of their profile."""
    asked = ("--case=discard/no-input", "--case=discard/segments")
    done = conformance("selftest", "--matrix", *asked, f"--report={tmp_path}", "--jobs=2")
    _, results, _ = read(tmp_path)
    mutants = {name for name in MUTANTS if name.startswith("discard/")}
    assert {one["mutant"] for one in results} == mutants
    assert len(results) == 2 * len(mutants)
    told = json.loads((tmp_path / "kills.json").read_text())
    for name in ("discard/no-input", "discard/segments"):
        named = {mutant for mutant, one in MUTANTS.items() if one.breaks == name}
        assert named
        assert named <= set(told["requirements"][name]["kills"])
    # On the page each mutant is a target.
    page = (tmp_path / "kills.html").read_text()
    assert [name for name in mutants if f"mutant:{name}" not in page] == []
    # These two do not detect all mutants, and the report says so.
    assert done.returncode == 8
    assert "survives: no requirement detects it" in done.stdout
