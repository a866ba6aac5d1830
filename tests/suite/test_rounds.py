"""A class that is not judged in one go: hosts that die, interruptions, ``--resume``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.batch import planned_entries, rounds
from conformance.batch.kept import Keep, forget, kept_results, seed_before
from conformance.batch.limits import Limits
from conformance.batch.plugin import Entry, GivenClass
from conformance.batch.report import ClassReport
from conformance.core.verdict import SuiteFailed
from conformance.plan import Options, Plan
from conformance.reports.matrix import WHOLE
from conformance.reports.results import Results, header
from conformance.targets import files
from conformance.targets.owner import owner

from ..programs import until
from .judging import ROOT, conformance, read
from .test_class import CASE, host, judged, on_linux, server, still_there, written

WAY = "--isolate=none"


@on_linux
def test_run_resumes_after_a_dead_host_and_an_interrupt(tmp_path: Path) -> None:
    """Of 20 targets on two hosts none is lost, and none is judged twice."""
    names = [f"t{number:02}" for number in range(20)]
    at = written(
        tmp_path,
        "".join(
            '[targets.NAME]\ncommand = "./nowhere"\n'.replace("NAME", name)
            if number % 5 == 4
            else server(tmp_path, name)
            for number, name in enumerate(names)
        ),
    )
    report, output = tmp_path / "report", tmp_path / "output"

    def ended() -> list[str]:
        return sorted(path.parent.name for path in report.glob("*/junit.xml"))

    with host(tmp_path / "one") as (one, dies), host(tmp_path / "two") as (two, _):
        words = ["run", at, "--all", CASE, WAY, f"--report={report}", f"--tx={one}", f"--tx={two}"]
        with (
            output.open("wb") as stream,
            subprocess.Popen(
                [sys.executable, "-m", "conformance", *words],
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=stream,
                stderr=subprocess.STDOUT,
            ) as running,
        ):
            # Each wait has its own timeout: a busy machine starts two interpreters and a judge.
            until(lambda: "20 targets" in output.read_text(), "the class begins")
            until(lambda: list(tmp_path.glob("*/pyexecnetcache")), "a worker")
            until(lambda: len(ended()) >= 1, "the first result")
            until(lambda: len(ended()) >= 2, "the second result")
            dies.kill()
            until(lambda: "a worker was lost" in output.read_text(), "the second round")
            before = len(ended())
            until(lambda: len(ended()) > before, "a result of the second round")
            running.send_signal(signal.SIGINT)
    assert running.returncode == 2, output.read_text()
    assert output.read_text().splitlines()[-1] == (
        "conformance: interrupted; --resume judges what has no result"
    )
    kept = ended()
    assert 3 <= len(kept) < 20
    assert still_there(tmp_path) == []
    done, rows = judged(at, report, CASE, WAY, "--resume")
    assert f"conformance: {len(kept)} were judged before; {20 - len(kept)} are judged" in (
        done.stdout.splitlines()
    )
    assert {name: rows[name]["exit"] for name in names} == {
        name: 6 if number % 5 == 4 else 0 for number, name in enumerate(names)
    }
    assert len({read(report / name)[0]["seed"] for name in names}) == 1


def test_file_of_a_large_class_is_read_only_a_few_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading it once for each of 500 targets took half a minute before the first was judged."""
    at = written(
        tmp_path, "".join(f'[targets.t{one}]\ncommand = "inetd:cat"\n' for one in range(30))
    )
    read_file, times = files._read, []

    def counted(path: str) -> dict[str, object]:
        times.append(path)
        return read_file(path)

    monkeypatch.setattr(files, "_read", counted)
    assert len(planned_entries(Options(target=at, cases=("echo/simple",)))) == 30
    assert len(times) < 5
    (tmp_path / "class.toml").write_text('[targets.other]\ncommand = "inetd:cat"\n')
    assert [one.name for one, _ in planned_entries(Options(target=at))] == ["other"]


def test_targets_with_results_are_not_judged_again(tmp_path: Path) -> None:
    """The second run has nothing left to judge; with another seed everything is judged again."""
    at = written(tmp_path, '[targets.one]\ncommand = "./nowhere"\n')
    report = tmp_path / "report"
    judged(at, report, CASE, WAY, "--seed=5")
    done, _ = judged(at, report, CASE, WAY, "--resume")
    assert "conformance: 1 were judged before; 0 are judged" in done.stdout
    done, _ = judged(at, report, CASE, WAY, "--resume", "--seed=6")
    assert "conformance: 0 were judged before; 1 are judged" in done.stdout
    assert done.returncode == 6


@on_linux
def test_next_class_removes_the_folders_of_a_killed_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    gone, here = f"999999999.1.{owner().rpartition('.')[2]}", owner()
    for name, text in (("dead", gone), ("alive", here), ("unknown", ""), ("odd", "\xff.x")):
        (tmp_path / f"conformance-class-{name}").mkdir()
        (tmp_path / f"conformance-class-{name}/owner").write_text(text, encoding="latin-1")
    (tmp_path / "conformance-class-empty").mkdir()
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs/owner").write_text(gone)
    (tmp_path / "conformance-class-link").symlink_to(tmp_path / "theirs")
    at = written(tmp_path, '[targets.one]\ncommand = "./nowhere"\n')
    judged(at, tmp_path / "report", CASE, WAY)
    left = {one.name.removeprefix("conformance-class-") for one in tmp_path.glob("conformance-*")}
    assert left == {"alive", "unknown", "odd", "empty", "link"}
    assert (tmp_path / "theirs/owner").exists()


def test_results_of_a_large_class_use_little_memory(tmp_path: Path) -> None:
    plans = {f"t{one}": Plan(Options(cases=("echo/simple",))) for one in range(WHOLE + 1)}
    book = ClassReport(plans, tmp_path)
    row = {"verdict": "PASS", "transcript": [{"text": "x" * 100_000}]}
    for name, plan in plans.items():
        book.keep(name, Results(header(plan), [row], {"exit": 0, "counts": {}, "faults": []}))
    assert [one.results for one in book._results.values()] == [[{**row, "transcript": []}]] * len(
        plans
    )


def test_no_seed_without_results(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one/results.jsonl").write_text("{")
    assert seed_before(tmp_path) == ""
    assert dict(kept_results(tmp_path, {}, Keep.ENDED)) == {}
    forget(tmp_path, ["one", "two"])
    assert list(tmp_path.glob("*/*")) == []


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["ref:python", "--resume"], "--resume is for --all: run @FILE.toml --all --resume"),
        (
            ["@class.toml", "--all", "--resume", "--last-failed"],
            "--resume and --last-failed: choose one of them",
        ),
    ],
)
def test_resume_is_for_a_class(words: list[str], line: str) -> None:
    done = conformance("run", *words)
    assert (done.returncode, done.stderr) == (4, f"conformance: {line}\n")


def entries(*names: str) -> list[Entry]:
    return [Entry(name, Options(target="./one"), Limits()) for name in names]


def test_target_that_kills_two_workers_is_not_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[list[str]] = []

    def play(given: GivenClass, *_: object) -> int:
        names = [one.name for one in given.entries]
        tried.append(names)
        for name in names:
            given._lose(name) if name == "kills" else given._take(name, {})
        return 1

    monkeypatch.setattr(rounds, "_run_pytest", play)
    came: list[str] = []
    assert rounds.judge_in_rounds(
        entries("one", "kills", "two"), lambda name, _: came.append(name), 2, ()
    )
    assert (tried, came) == ([["one", "kills", "two"], ["kills"]], ["one", "two"])


def test_unexplained_end_of_workers_is_an_error_of_the_suite(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rounds, "_run_pytest", lambda *_: 3)
    with pytest.raises(SuiteFailed, match="the workers stopped unexpectedly"):
        rounds.judge_in_rounds(entries("one"), lambda *_: None, 2, ())
