"""The formats of a report besides JUnit: TAP, Markdown, annotations, badge, diff, baseline."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from conformance import cli
from conformance.core.verdict import Exit
from conformance.plan import Options, Plan
from conformance.plan.expectations import Expectations, Expected, read
from conformance.profiles import REQUIREMENTS
from conformance.reports import tell_github, write_forms, write_reports
from conformance.reports.badge import badge
from conformance.reports.baseline import rebased
from conformance.reports.diff import changes
from conformance.reports.markdown import summary, workflow_commands
from conformance.reports.results import Results, read_results
from conformance.reports.summary import summarise

HOSTILE = "wrong ``` <b> | \0, ]]>, %0A # \\ and \udcff\nsecond line"


def row(identity: str, verdict: str = "PASS", message: str = "", **more: object) -> dict[str, Any]:
    return {
        "type": "result",
        "id": identity,
        "profile": "echo",
        "transport": "tcp",
        "level": "MUST",
        "clause": "2.2",
        "verdict": verdict,
        "signature": "wrong-bytes" if verdict in ("FAIL", "XFAIL") else "",
        "message": message,
        "transcript": [],
        "seconds": 0.5,
        **more,
    }


def written(folder: Path, *rows: dict[str, Any], crashes: tuple[str, ...] = ()) -> Results:
    options = Options(
        target="tcp://127.0.0.1:1", cases=tuple(one["id"] for one in rows), profile="echo"
    )
    plan = Plan(options)
    outcome = summarise(plan, Expectations([]), list(rows), list(crashes), 1)
    write_reports(folder, plan, outcome)
    return read_results(folder / "results.jsonl")


@pytest.fixture
def red(tmp_path: Path) -> Results:
    return written(
        tmp_path / "red",
        row("echo/simple"),
        row("echo/binary", "FAIL", HOSTILE),
        row("echo/large", "SKIP", "not asked for"),
        row("echo/half-close", "XFAIL", "known"),
    )


@pytest.fixture
def green(tmp_path: Path) -> Results:
    return written(tmp_path / "green", row("echo/simple"), row("echo/binary"))


def test_every_form_is_written(tmp_path: Path, red: Results) -> None:
    names = {path.name for path in (tmp_path / "red").iterdir()}
    assert names == {
        "results.jsonl",
        "junit.xml",
        "matrix.html",
        "summary.md",
        "results.tap",
        "badge.json",
        "ctrf.json",
    }
    assert red.footer["exit"] == Exit.NOT_CONFORMANT


def test_tap(tmp_path: Path, red: Results) -> None:
    lines = (tmp_path / "red" / "results.tap").read_text().splitlines()
    assert lines[:3] == ["TAP version 13", "1..4", "ok 1 - echo/simple over tcp (MUST, SPEC 2.2)"]
    assert lines[3:5] == ["not ok 2 - echo/binary over tcp (MUST, SPEC 2.2)", "  ---"]
    assert json.loads(lines[7].removeprefix("  message: ")) == HOSTILE
    assert lines[8:] == [
        "  ...",
        "ok 3 - echo/large over tcp (MUST, SPEC 2.2) # SKIP not asked for",
        "not ok 4 - echo/half-close over tcp (MUST, SPEC 2.2) # todo known",
    ]


def test_error_of_the_suite_is_a_failing_test_point(tmp_path: Path) -> None:
    written(tmp_path, row("echo/simple"), crashes=("worker gw0 crashed",))
    assert (tmp_path / "results.tap").read_text().splitlines()[-1] == (
        "not ok 2 - the suite itself: worker gw0 crashed"
    )


@pytest.mark.skipif(shutil.which("prove") is None, reason="prove is missing (Debian: perl)")
def test_prove_reads_it(tmp_path: Path, red: Results, green: Results) -> None:
    def prove(name: str) -> int:
        file = str(tmp_path / name / "results.tap")
        return subprocess.run(["prove", "--exec", "cat", file], capture_output=True).returncode

    assert prove("green") == 0
    assert prove("red") != 0
    written(tmp_path / "known", row("echo/simple"), row("echo/binary", "XFAIL", HOSTILE))
    assert prove("known") == 0
    written(tmp_path / "none", row("echo/simple", "SKIP", "not asked for"))
    assert prove("none") != 0


def test_markdown(red: Results) -> None:
    text = summary(red)
    assert text.startswith("## not conformant: `tcp://127.0.0.1:1`\n")
    assert "| echo | 1 | 1 | 1 | 1 |" in text
    # Text from the server neither ends its code block nor becomes HTML.
    assert "````text" in text
    assert "FAIL wrong ``` &lt;b&gt; | \\x00, ]]&gt;" in text
    assert "\udcff" not in text


def test_annotations(red: Results) -> None:
    (line,) = workflow_commands(red)
    assert line.startswith("::error title=echo/binary over tcp::wrong ``` <b> | \0, ]]>, %250A #")
    assert "%0Asecond line" in line
    assert "\n" not in line


def test_annotations_are_printed_only_on_github(
    tmp_path: Path,
    red: Results,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "step"))
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    tell_github(red)
    assert not (tmp_path / "step").exists()
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    tell_github(red)
    assert (tmp_path / "step").read_text().startswith("## not conformant")
    assert capsys.readouterr().out.startswith("::error title=echo/binary")


def test_unwritable_step_summary_changes_no_verdict(
    tmp_path: Path,
    red: Results,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    tell_github(red)
    said = capsys.readouterr()
    assert said.err == f"conformance: GITHUB_STEP_SUMMARY {tmp_path}: is a directory\n"
    assert said.out.startswith("::error title=echo/binary")


def test_badge(red: Results, green: Results) -> None:
    assert badge(green) == {
        "schemaVersion": 1,
        "label": "conformance",
        "message": "2/2",
        "color": "brightgreen",
        "isError": False,
    }
    shown = badge(red)
    assert (shown["message"], shown["color"], shown["isError"]) == ("1/3", "red", True)
    broken = badge(red._replace(footer={**red.footer, "exit": 8}))
    assert (broken["message"], broken["color"]) == ("suite failed", "lightgrey")


def test_comparison_of_two_runs(red: Results, green: Results) -> None:
    assert [str(change) for change in changes(green, red)] == [
        "- echo/binary over tcp: PASS -> FAIL (wrong-bytes)",
        "  echo/large over tcp: - -> SKIP",
        "+ echo/half-close over tcp: - -> XFAIL (wrong-bytes)",
    ]
    assert changes(red, red) == []
    assert not any(change.worse for change in changes(red, green))


def test_diff_is_red_when_something_became_worse(
    tmp_path: Path, red: Results, green: Results, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [red.footer["exit"], green.footer["exit"]] == [1, 0]
    assert cli.main(["diff", str(tmp_path / "green"), str(tmp_path / "red")]) == 1
    assert capsys.readouterr().out.endswith("3 changed, 1 of them for the worse\n")
    assert cli.main(["diff", str(tmp_path / "red"), str(tmp_path / "green")]) == 0
    assert cli.main(["diff", str(tmp_path), str(tmp_path / "green")]) == 4
    assert "results.jsonl: no such file or directory" in capsys.readouterr().err
    (tmp_path / "results.jsonl").write_text("{}")
    assert cli.main(["diff", str(tmp_path), str(tmp_path / "green")]) == 4
    assert (
        "not the results of a whole run (there is no header and no footer)"
        in capsys.readouterr().err
    )


KNOWN = """\
# What we know of.

# A word about this one.
[[expected]]
id = "echo/half-close"   # and here
reason = "issue 12"

[[expected]]
id = "echo/simple"
reason = "it was broken once"
"""


def test_baseline_is_written_pruned_and_keeps_comments(
    tmp_path: Path, red: Results, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "known.toml"
    path.write_text(KNOWN)
    command = ["baseline", "--report", str(tmp_path / "red"), "--expect", str(path)]
    assert cli.main(command) == 0
    assert capsys.readouterr().out.endswith("2 known failures (there were 2)\n")
    assert path.read_text() == (
        '# What we know of.\n\n# A word about this one.\n[[expected]]\nid = "echo/half-close"'
        '   # and here\nreason = "issue 12"\n\n[[expected]]\nid = "echo/binary"\n'
        'signature = "wrong-bytes"\nreason = "known when this file was made"\n'
    )
    assert read(str(path)).stale(red.results, REQUIREMENTS) == []
    # A second time changes nothing.
    before = path.read_text()
    assert cli.main(command) == 0
    assert path.read_text() == before


def test_cases_not_judged_stay_in_the_baseline() -> None:
    """``--case``, another profile, a broken need or another transport: the result is not known."""
    words = ("simple", "half-close", "large", "sigterm-*", "binary")
    entries = [Expected(f"echo/{word}", "known") for word in words]
    entries += [
        Expected("echo/terminal", "known", transport="unix"),
        Expected("greet/farewell", "known"),
        Expected("echo/renamed", "known"),
    ]
    text = "\n".join(
        f'[[expected]]\nid = "{one.id}"\nreason = "known"\n'
        + (f'transport = "{one.transport}"\n' if one.transport else "")
        for one in entries
    )
    rows = [
        row("echo/simple", "XPASS"),
        row("echo/half-close"),
        {**row("echo/large", "SKIP"), "needs": "echo/segments"},
        row("echo/sigterm-idle", "XPASS"),
        row("echo/binary", "SKIP"),
        row("echo/terminal"),
    ]
    kept = rebased(text, entries, rows, REQUIREMENTS)
    gone = {"echo/simple", "echo/half-close", "echo/renamed"}
    assert [one.id for one in entries if f'"{one.id}"' not in kept] == [
        one.id for one in entries if one.id in gone
    ]
    # The entries that go are those that a run calls stale, and no others.
    assert {
        line.partition(":")[0] for line in Expectations(entries).stale(rows, REQUIREMENTS)
    } == gone


def test_interrupted_run_is_not_a_baseline(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Failures that it did not judge would seem to be fixed."""
    results = written(tmp_path, row("echo/simple"))
    write_forms(tmp_path, results._replace(footer={**results.footer, "exit": 2}))
    (tmp_path / "known.toml").write_text(KNOWN)
    words = ["baseline", f"--report={tmp_path}", f"--expect={tmp_path}/known.toml"]
    assert cli.main(words) == Exit.USAGE
    assert "that run was interrupted; a baseline needs a complete run" in capsys.readouterr().err
    assert (tmp_path / "known.toml").read_text() == KNOWN


def test_baseline_of_a_green_run_is_empty(green: Results) -> None:
    assert rebased("", [], green.results, REQUIREMENTS) == ""


def test_failure_over_three_transports_is_one_entry() -> None:
    rows = [row("echo/binary", "FAIL", transport=name) for name in ("tcp", "tcp6", "unix")]
    assert rebased("", [], rows, REQUIREMENTS).count("[[expected]]") == 1
