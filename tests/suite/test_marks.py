"""Marks: points are computed exactly from verdicts, and students see nothing that is hidden."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import re
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from conformance import cli
from conformance.core.verdict import Exit, Level, WrongUsage
from conformance.marks import write_marks, write_table
from conformance.marks.classroom50 import classroom50
from conformance.marks.gradescope import gradescope
from conformance.marks.scheme import Scheme, read_scheme
from conformance.marks.score import Score, scored, shown
from conformance.plan import Options, Plan
from conformance.plan.expectations import Expectations
from conformance.profiles import REQUIREMENTS
from conformance.reports.ctrf import ctrf
from conformance.reports.junit import write_junit
from conformance.reports.results import Results, results_of_run
from conformance.reports.summary import summarise

from .judging import PYTHON, ROOT
from .schemas import errors
from .test_class import ECHO, judged, server, written
from .test_report_forms import HOSTILE, row

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

EXAMPLE = ROOT / "examples" / "gradescope"

#: The variables that a runner of Classroom 50 sets for a submission.
SUBMISSION = {
    "CLASSROOM": "networks",
    "ASSIGNMENT": "echo",
    "SUBMISSION_TAG": "submit/2026-06-01T14-32-05Z-a1b2c3d",
    "COMMIT_URL": "https://example.org/commit/a1b2c3d",
    "RELEASE_URL": "https://example.org/releases/1",
}


def results(*rows: dict[str, Any], crashes: tuple[str, ...] = ()) -> Results:
    ids = tuple(dict.fromkeys(one["id"] for one in rows))
    plan = Plan(Options(target="./server", typed="@class.toml#ada", profile="echo", cases=ids))
    plan.cases = [
        case
        for case in plan.cases
        for one in rows
        if f"{one['id']}@{one['transport']}" == case.name
    ]
    return results_of_run(plan, summarise(plan, Expectations([]), list(rows), list(crashes), 1))


def no_results(exit_: Exit, *faults: str) -> Results:
    run = results(row("echo/simple"))
    footer = {**run.footer, "counts": {}, "faults": list(faults), "exit": int(exit_)}
    return run._replace(results=[], footer=footer)


def total(run: Results, **scheme: Any) -> Fraction | None:
    return scored(run, Scheme(**scheme)).total


RIGHT = results(row("echo/simple"), row("echo/binary"), row("echo/large"))


# Points.


@pytest.mark.parametrize("points", [1, 7, 100, Fraction("0.1"), 99991])
def test_correct_server_has_all_points(points: Fraction) -> None:
    weights = (("simple", Fraction("0.1")), ("binary", Fraction(3)))
    score = scored(RIGHT, Scheme(points=Fraction(points), weights=weights))
    assert score.total == points
    assert sum(mark.maximum for mark in score.marks) == points


def test_last_matching_pattern_is_the_weight() -> None:
    scheme = Scheme(
        weights=(("echo/*", Fraction(2)), ("simple", Fraction(6)), ("large", Fraction(0)))
    )
    maxima = {mark.id: mark.maximum for mark in scored(RIGHT, scheme).marks}
    assert maxima == {"echo/simple": 75, "echo/binary": 25, "echo/large": 0}


def test_points_are_rounded_once() -> None:
    run = results(row("echo/simple"), row("echo/binary"), row("echo/large", "FAIL", "x"))
    assert total(run) == Fraction(200, 3)
    assert [shown(Fraction(one)) for one in ("200/3", "5/1000", "72.5", "100", "0", "10")] == [
        "66.67",
        "0.01",
        "72.5",
        "100",
        "0",
        "10",
    ]


def test_transports_are_equal_parts_of_a_clause() -> None:
    run = results(
        row("echo/simple"),
        row("echo/simple", "FAIL", "x", transport="tcp6"),
        row("echo/binary"),
        row("echo/binary", "SKIP", "this machine has no IPv6 loopback", transport="tcp6"),
    )
    assert {mark.id: mark.credit for mark in scored(run, Scheme()).marks} == {
        "echo/simple": Fraction(1, 2),
        "echo/binary": 1,
    }
    assert total(run) == 75


def test_cases_not_judged_cost_no_points_and_are_listed() -> None:
    run = results(
        row("echo/simple"),
        row("echo/binary", "SKIP", "not here"),
        row("echo/large", "ERROR", "Traceback"),
    )
    score = scored(run, Scheme())
    assert score.total == 100
    assert [mark.id for mark in score.unjudged] == ["echo/binary", "echo/large"]
    assert total(results(row("echo/simple", "SKIP", "not here"))) is None


def test_points_for_dependent_requirements() -> None:
    run = results(
        row("echo/simple", "FAIL", "x"),
        row("echo/binary", "SKIP", "needs echo/simple, which fails", needs="echo/simple"),
        row("echo/large"),
    )
    assert total(run) == Fraction(100, 3)
    assert total(run, not_reached=Fraction(1, 2)) == 50
    slow = results(
        row("echo/simple"), row("echo/large", "SKIP", "2 s a line", signature="too-slow")
    )
    assert total(slow) == 50


def test_should_counts_only_if_configured() -> None:
    run = results(row("echo/simple"), row("echo/large", "WARN", "x", level="SHOULD"))
    assert total(run) == 100
    assert total(run, level=Level.SHOULD) == 50


def test_no_points_for_flaky_cases_and_known_failures() -> None:
    run = results(
        row("echo/simple"), row("echo/large", "FLAKY", "x"), row("echo/binary", "XFAIL", "x")
    )
    assert total(run) == Fraction(100, 3)


def test_failed_start_has_the_minimum_and_not_judged_has_no_score() -> None:
    floor = {"does_not_start": Fraction(5)}
    assert total(no_results(Exit.UNREACHABLE, "it ended"), **floor) == 5
    assert total(no_results(Exit.SUITE_FAILED, "not judged: the judge was killed"), **floor) is None
    assert total(no_results(Exit.INTERRUPTED), **floor) is None


def test_order_of_results_does_not_matter() -> None:
    verdicts = ["PASS", "FAIL", "SKIP", "FLAKY", "WARN"]
    rows = [
        row(name, verdicts[number % 5], "x", transport=transport)
        for number, name in enumerate(sorted(REQUIREMENTS)[:40])
        for transport in ("tcp", "tcp6")
    ]
    run = RIGHT._replace(results=rows)
    first = scored(run, Scheme(points=Fraction(7)))
    for seed in range(5):
        random.Random(seed).shuffle(rows)
        assert scored(RIGHT._replace(results=list(rows)), Scheme(points=Fraction(7))) == first


# The table.


def test_example_of_the_module_is_valid() -> None:
    import conformance.marks

    text = re.search(r"    \[grade\].*0\n", conformance.marks.__doc__ or "", re.DOTALL)
    assert text is not None
    document = tomllib.loads(text[0].replace("\n    ", "\n"))
    scheme = read_scheme("@x", document["grade"], REQUIREMENTS)
    assert scheme is not None
    assert scheme.weight("echo/half-close", "MUST") == 5
    assert Scheme.from_plain(json.loads(json.dumps(scheme.as_plain()))) == scheme


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        (7, "write [grade]"),
        ({"pionts": 5}, "unknown key 'pionts' (did you mean points?)"),
        ({"points": 0}, "points must be more than 0"),
        ({"points": -1}, "points must be a number between 0 and 1000000"),
        ({"points": True}, "points must be a number between"),
        ({"points": float("nan")}, "points must be a number between"),
        ({"does_not_start": 101}, "does_not_start must not be more than points"),
        ({"not_reached": 2}, "not_reached must be a number between 0 and 1"),
        ({"level": "may"}, "level must be 'must' or 'should', not 'may'"),
        ({"weights": []}, "write [grade.weights]"),
        ({"weights": {"echo/smple": 1}}, "'echo/smple' matches no requirement (did you mean"),
        ({"weights": {"echo/simple": "2"}}, "the weight of 'echo/simple' must be a number"),
        ({"weights": {"echo/simple@tcp": 1}}, "a clause counts, not a transport"),
        ({"hidden": "echo/simple"}, "hidden must be a list of patterns"),
        ({"hidden": ["nothing/*"]}, "hidden: 'nothing/*' matches no requirement"),
    ],
)
def test_invalid_table_is_reported_in_one_line(table: Any, complaint: str) -> None:
    with pytest.raises(WrongUsage) as error:
        read_scheme("@class.toml", table, REQUIREMENTS)
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)


# The forms.


def grades(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def test_csv_has_a_row_per_target_and_no_formulas(tmp_path: Path) -> None:
    scheme = Scheme()
    broken = results(row("echo/simple"), row("echo/large", "FAIL", "x"))
    lost = no_results(Exit.SUITE_FAILED)
    scores = {
        "ada": (scored(RIGHT, scheme), ""),
        "=1+2": (scored(broken, scheme), "=HYPERLINK(0)\nsecond"),
        "lost": (scored(lost, scheme), "not judged: the judge was killed"),
    }
    write_table(tmp_path, scores, scheme)
    assert grades((tmp_path / "grades.csv").read_text(encoding="utf-8")) == [
        ["name", "echo", "total", "points", "state", "not judged", "note"],
        ["ada", "100", "100", "100", "conformant", "", ""],
        ["'=1+2", "50", "50", "100", "not conformant", "", "'=HYPERLINK(0) second"],
        ["lost", "", "", "100", "the suite itself failed", "", "not judged: the judge was killed"],
    ]


MIXED = results(
    row("echo/simple"),
    row("echo/large", "FAIL", HOSTILE),
    row("echo/binary", "SKIP", "not here"),
    row("echo/half-close"),
)
HIDING = Scheme(hidden=("half-close",), points=Fraction(10))


def test_gradescope_file_follows_its_specification() -> None:
    score = scored(MIXED, HIDING)
    content = gradescope(MIXED, score)
    assert errors(json.loads(json.dumps(content)), "gradescope") == []
    assert content["score"] == 6.67
    visibility = {test["name"].split(":")[0]: test["visibility"] for test in content["tests"]}
    assert visibility.pop("echo/half-close") == "hidden"
    assert set(visibility.values()) == {"visible"}
    for key, most in (("score", 6.67), ("max_score", 10)):
        assert sum(test.get(key, 0) for test in content["tests"]) == pytest.approx(most, abs=0.005)
    unjudged = next(test for test in content["tests"] if test["name"].startswith("echo/binary"))
    assert "max_score" not in unjudged
    assert "not here" in unjudged["output"]


@pytest.mark.parametrize("run", [MIXED, RIGHT, no_results(Exit.UNREACHABLE)])
def test_classroom50_has_whole_numbers_in_the_same_proportion(run: Results) -> None:
    score = scored(run, Scheme(hidden=("half-close",), weights=(("simple", Fraction("0.3")),)))
    content = classroom50(run, score, SUBMISSION)
    assert errors(content, "classroom50") == []
    assert content["datetime"] == "2026-06-01T14:32:05Z"
    assert content["score"] == sum(test["score"] for test in content["tests"])
    assert Fraction(content["score"], content["max-score"]) * 100 == score.total
    assert "half-close" not in json.dumps(content)


def test_ctrf_follows_its_schema() -> None:
    run = results(
        row("echo/simple"),
        row("echo/large", "FLAKY", HOSTILE),
        row("echo/binary", "ERROR", "Traceback"),
    )
    content = json.loads(json.dumps(ctrf(run)))
    assert errors(content, "ctrf") == []
    summary = content["results"]["summary"]
    assert summary["tests"] == 3
    assert (summary["passed"], summary["failed"], summary["other"]) == (1, 1, 1)
    assert summary["start"] <= summary["stop"]


def test_junit_names_the_file_that_the_target_runs(tmp_path: Path) -> None:
    run = RIGHT._replace(header={**RIGHT.header, "file": "src/server.js"})
    write_junit(tmp_path / "junit.xml", run)
    cases = ElementTree.parse(tmp_path / "junit.xml").iter("testcase")
    assert {case.get("file") for case in cases} == {"src/server.js"}


# The texts for students.


def visible(folder: Path) -> str:
    """Return everything that a student can see of a target."""
    content = json.loads((folder / "results.json").read_text())
    content["tests"] = [one for one in content["tests"] if one["visibility"] == "visible"]
    files = [folder / "feedback.html", folder / "feedback.md"]
    if (folder / "result.json").exists():
        files.append(folder / "result.json")
    return json.dumps(content) + "".join(one.read_text(encoding="utf-8") for one in files)


def test_student_report_contains_no_hidden_cases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SUBMISSION.items():
        monkeypatch.setenv(name, value)
    secret = REQUIREMENTS["echo/half-close"]
    message = f"echo/half-close (MUST, SPEC 2.3, tcp): SECRET\n  requires  {secret.text}"
    run = results(
        row("echo/half-close", "FAIL", message, signature="secret-signature"),
        row("echo/simple", "SKIP", "needs echo/half-close, which fails", needs="echo/half-close"),
        row("echo/binary"),
        crashes=("test_conformance.py::test_requirement[echo/half-close@tcp6]: worker died",),
    )
    write_marks(tmp_path, "ada", run, HIDING)
    assert (tmp_path / "result.json").exists()
    shown_ = visible(tmp_path)
    for word in ("half-close", secret.text, "SECRET", "secret-signature", "2.3"):
        assert word not in shown_, word
    assert "builds on something else" in shown_
    assert "The score includes requirements that are not shown here." in shown_
    # The teacher's reports are complete.
    hidden = [
        one
        for one in json.loads((tmp_path / "results.json").read_text())["tests"]
        if one["visibility"] == "hidden"
    ]
    assert "SECRET" in json.dumps(hidden)


def test_page_names_what_is_broken_and_how_to_reproduce_it(tmp_path: Path) -> None:
    text = (
        "echo/large (MUST, SPEC 2.5, tcp): wrong byte at 1 of the echo\n"
        f"  requires  {REQUIREMENTS['echo/large'].text}\n"
        '  expected  "a"\n  hint      send all of it\n'
        "  transcript (seconds, client, direction):\n"
        '        0.1 A -> "</pre><script>alert(1)</script>"\n'
        "  reproduce pync-conformance run @/teacher/class.toml#ada --case echo/large"
    )
    run = results(row("echo/simple"), row("echo/large", "FAIL", text))
    write_marks(tmp_path, "<ada>", run, Scheme())
    for name in ("feedback.html", "feedback.md"):
        page = (tmp_path / name).read_text(encoding="utf-8")
        assert "50 of 100 points" in page
        assert "send all of it" in page
        assert "pync-conformance run ./server --case echo/large" in page
        assert "teacher" not in page
    page = (tmp_path / "feedback.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;ada&gt;" in page


def test_no_upload_without_a_score(tmp_path: Path) -> None:
    write_marks(tmp_path, "ada", RIGHT, Scheme())
    assert (tmp_path / "results.json").exists()
    fault = "not judged: the judge's results are broken (echo/half-close is there twice)"
    score = write_marks(tmp_path, "ada", no_results(Exit.SUITE_FAILED, fault), HIDING)
    assert isinstance(score, Score)
    assert score.total is None
    assert not (tmp_path / "results.json").exists()
    page = (tmp_path / "feedback.md").read_text()
    assert "There is no score" in page
    assert "half-close" not in page


# As a teacher runs it.


def test_marks_of_a_class_and_of_its_shards_are_equal(tmp_path: Path) -> None:
    targets = [server(tmp_path, "ada"), server(tmp_path, "bob"), server(tmp_path, "cyd")]
    wrong = tmp_path / "bob.py"
    wrong.write_text(wrong.read_text().replace("conn.sendall(data)", "conn.sendall(data[:100])"))
    (tmp_path / "cyd.py").write_text("raise SystemExit('no')\n")
    table = (
        "[grade]\npoints = 10\ndoes_not_start = 1\nhidden = ['binary']\n"
        "[grade.weights]\n'echo/*' = 1\n'simple' = 2\n"
    )
    at = written(tmp_path, "".join(targets), table)
    words = ("--case=simple", "--case=binary", "--deadline=2")
    whole = tmp_path / "whole"
    done, rows = judged(at, whole, *words)
    assert done.returncode == 1, done.stderr
    assert {name: one["score"] for name, one in rows.items()} == {"ada": 10, "bob": 6.67, "cyd": 1}
    assert "ada: conformant (10 of 10 points, 2 PASS)" in done.stdout
    shards = [str(tmp_path / f"shard{number}") for number in (1, 2)]
    for number, folder in enumerate(shards, 1):
        judged(at, Path(folder), *words, f"--shard={number}/2")
    merged = tmp_path / "merged"
    assert cli.main(["merge", *shards, f"--report={merged}"]) == 1
    assert (merged / "grades.csv").read_text() == (whole / "grades.csv").read_text()
    assert "binary" not in visible(whole / "bob")
    # Conformant targets are kept, with their marks.
    before = (whole / "grades.csv").read_text()
    judged(at, whole, *words, "--last-failed")
    assert (whole / "grades.csv").read_text() == before


@pytest.mark.skipif(sys.platform == "win32", reason="Gradescope runs Linux")
@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is missing (Debian: bash)")
@pytest.mark.parametrize("starts", [True, False])
def test_example_runs_like_in_gradescope(tmp_path: Path, starts: bool) -> None:
    root = tmp_path / "autograder"
    shutil.copytree(EXAMPLE, root / "source")
    (root / "submission").mkdir()
    (root / "results").mkdir()
    # The example's command uses python3, which does not need the suite's packages.
    (root / "submission" / "server.py").write_text(ECHO.replace("BEFORE", "") if starts else "no")
    shutil.copy(root / "source" / "run_autograder", root)
    command = tmp_path / "bin" / "pync-conformance"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {PYTHON} -m conformance "$@"\n')
    command.chmod(0o755)
    toml = root / "source" / "server.toml"
    text = toml.read_text()
    assert "python3 server.py {port}" in text
    # Two requirements are enough to see that it works.
    (root / "source" / "cases").write_text("echo/simple\necho/sigterm-idle\n")
    done = subprocess.run(
        ["./run_autograder"],
        cwd=root,
        env={
            **os.environ,
            "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}",
            "AUTOGRADER": str(root),
            "CASES": f"@{root / 'source' / 'cases'}",
        },
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    content = json.loads((root / "results" / "results.json").read_text())
    assert errors(content, "gradescope") == []
    assert content["score"] == (100 if starts else 0)
    assert len(content["tests"]) == (2 if starts else 0)
