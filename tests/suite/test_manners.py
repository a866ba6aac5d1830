"""Options that a CI needs: run a part, run again, repeat, split into shards, watch files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from conformance import cli
from conformance.core.verdict import Verdict, WrongUsage
from conformance.plan import Case, Options, Plan, expectations
from conformance.plan.expectations import Expectations, Expected
from conformance.plan.selection import patterns_of, shard_of
from conformance.profiles import REQUIREMENTS
from conformance.reports.baseline import rebased

from .. import forking
from ..programs import until
from .judging import PYTHON, ROOT, conformance, judge, read
from .test_class import judged as class_judged
from .test_class import server, written

#: An echo server that answers in capitals in every second process.
FLAKY = """
import pathlib, socket, sys, threading
count = pathlib.Path(sys.argv[2])
before = len(count.read_bytes()) if count.exists() else 0
count.write_bytes(b"x" * (before + 1))

def serve(conn):
    with conn:
        while data := conn.recv(65536):
            conn.sendall(data.upper() if before % 2 else data)

listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=128)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""


def cases(**options: object) -> list[str]:
    return [case.name for case in Plan(Options(profile="echo", **options)).cases]  # type: ignore[arg-type]


# Patterns.


def test_pattern_may_leave_out_the_profile_and_add_a_transport() -> None:
    assert cases(cases=("half-close",), transports=("tcp",)) == ["echo/half-close@tcp"]
    assert cases(cases=("half-close@tcp6",)) == ["echo/half-close@tcp6"]
    some = cases(cases=("*-close*",), transports=("tcp",))
    assert "echo/half-close@tcp" in some
    assert len(some) < len(cases(transports=("tcp",)))


def test_skipped_cases_are_not_planned() -> None:
    everything, fewer = cases(), cases(skips=("half-close", "*@unix"))
    assert set(everything) - set(fewer) == {
        name for name in everything if name.endswith("@unix") or name.startswith("echo/half-close@")
    }


def test_file_has_one_pattern_per_line(tmp_path: Path) -> None:
    file = tmp_path / "patterns"
    file.write_text("# what matters\necho/simple\n\necho/s*  # and more\necho/simple\n")
    assert patterns_of([f"@{file}", "half-close"]) == ("echo/simple", "echo/s*", "half-close")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--skip=echo/smple",), "--skip echo/smple matches no requirement (did you mean echo/si"),
        (("--case=simpel",), "--case simpel matches no requirement (did you mean simple?)"),
        (("--profile=echo", "--skip=*"), "nothing to judge: --skip leaves no requirement"),
        (("--case=@/nowhere",), "patterns @/nowhere: no such file or directory"),
        (("--case=@/dev/null",), "patterns @/dev/null: it has no pattern"),
        (("--shard=0/2",), "--shard: write NUMBER/COUNT, as 2/5, not '0/2'"),
        (("--shard=3/2",), "--shard: write NUMBER/COUNT, as 2/5, not '3/2'"),
        (("--shard=half",), "--shard: write NUMBER/COUNT, as 2/5, not 'half'"),
        (("--case=echo/simple", "--shard=2/2"), "--shard 2/2: there are only 1 requirements"),
        (("--repeat=0",), "--repeat: '0' is not a number between 1 and 1000"),
        (("--watch",), "--watch needs a command, whose files it watches, not 'ref:python'"),
        (("@x.toml", "--all", "--watch"), "--watch is for one target, not for --all"),
    ],
)
def test_wrong_options_give_one_line(
    words: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["run", *words]) == 4
    shown = capsys.readouterr().err
    assert shown.startswith(f"conformance: {complaint}")
    assert shown.count("\n") == 1


# Again.


def test_last_failed_or_all_cases_if_none_failed(tmp_path: Path) -> None:
    words = ("mutant:echo/waits-for-newline", "--transport=tcp", "--deadline=1")
    some = (*words, "--case=no-newline", "--case=simple", "--case=half-close")
    first = judge(tmp_path, *some)
    failed = {one["id"] for one in first.results if one["verdict"] == "FAIL"}
    assert "echo/no-newline" in failed
    assert "echo/simple" not in failed
    again = judge(tmp_path, *some, "--last-failed")
    assert again.status == 1
    assert {one["id"] for one in again.results} == failed
    repaired = judge(tmp_path, "ref:python", "--profile=echo", "--last-failed")
    assert repaired.status == 0
    assert repaired.ids("PASS") == failed
    whole = judge(tmp_path, "ref:python", "--case=simple@tcp", "--last-failed")
    assert "nothing failed in the run before; everything is judged" in whole.stdout
    assert whole.ids("PASS") == {"echo/simple"}


def test_invalid_results_give_one_line(tmp_path: Path) -> None:
    (tmp_path / "results.jsonl").write_text("{}\n")
    done = conformance("run", "--last-failed", f"--report={tmp_path}")
    assert done.returncode == 4
    assert "results.jsonl: not the results of a whole run" in done.stderr


# Repeating.


def test_case_that_passes_sometimes_is_flaky(tmp_path: Path) -> None:
    (tmp_path / "flaky.py").write_text(FLAKY)
    target = f"{PYTHON} {tmp_path}/flaky.py {{port}} {tmp_path}/count"
    words = (target, "--case=echo/simple", "--repeat=4")
    judged = judge(tmp_path / "report", *words)
    assert judged.status == 1, judged.stdout
    (result,) = judged.results
    assert (result["verdict"], result["signature"]) == ("FLAKY", "wrong-bytes")
    assert result["message"].splitlines()[0].endswith("(failed 2 of 4 times)")
    assert "<failure" in (tmp_path / "report" / "junit.xml").read_text()
    assert "not ok 1 - echo/simple" in (tmp_path / "report" / "results.tap").read_text()
    assert "FLAKY" in (tmp_path / "report" / "summary.md").read_text()
    known = tmp_path / "known.toml"
    done = conformance("baseline", f"--report={tmp_path / 'report'}", f"--expect={known}")
    assert done.returncode == 0
    assert "flaky = true" in known.read_text()
    excused = judge(tmp_path / "report", *words, f"--expect={known}")
    assert excused.status == 0
    assert excused.ids("XFAIL") == {"echo/simple"}


@pytest.mark.parametrize(
    ("flaky", "verdict", "becomes"),
    [
        (True, Verdict.FLAKY, Verdict.XFAIL),
        (True, Verdict.FAIL, Verdict.XFAIL),
        (True, Verdict.PASS, Verdict.PASS),
        (False, Verdict.FLAKY, Verdict.FLAKY),
        (False, Verdict.PASS, Verdict.XPASS),
    ],
)
def test_flaky_is_expected_only_if_declared(
    flaky: bool, verdict: Verdict, becomes: Verdict
) -> None:
    known = Expectations([Expected("echo/simple", "it depends", flaky=flaky)])
    case = Case(REQUIREMENTS["echo/simple"], "tcp")
    assert known.apply(case, verdict, "", "message")[0] == becomes


def test_flaky_entry_is_not_stale_after_one_passing_run(tmp_path: Path) -> None:
    file = tmp_path / "known.toml"
    file.write_text('[[expected]]\nid = "echo/simple"\nreason = "it depends"\nflaky = true\n')
    known = expectations.read(str(file))
    rows = [{"id": "echo/simple", "transport": "tcp", "verdict": "PASS", "signature": ""}]
    assert known.stale(rows, REQUIREMENTS) == []
    assert "flaky = true" in rebased(file.read_text(), known.entries, rows, REQUIREMENTS)


# Shards.


def test_shards_are_a_partition_and_a_requirement_is_in_one() -> None:
    parts = [cases(shard=(number, 3)) for number in (1, 2, 3)]
    assert sorted(name for part in parts for name in part) == sorted(cases())
    ids = [{name.partition("@")[0] for name in part} for part in parts]
    assert sum(map(len, ids)) == len(set().union(*ids))


def test_shards_are_merged_in_any_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known = tmp_path / "known.toml"
    known.write_text('[[expected]]\nid = "echo/si*"\nreason = "only the whole run can tell"\n')
    words = ["mutant:echo/waits-for-newline", "--transport=tcp", "--deadline=1"]
    words += ["--case=no-newline", "--case=simple", "--case=half-close", "--case=binary"]
    whole = judge(tmp_path / "whole", *words, f"--expect={known}")
    shards = [str(tmp_path / f"shard{number}") for number in (2, 1)]
    for number, folder in zip((2, 1), shards):
        judge(Path(folder), *words, f"--expect={known}", f"--shard={number}/2")
    report = tmp_path / "merged"
    status = cli.main(["merge", *shards, f"--report={report}"])
    header, results, footer = read(report)
    assert status == whole.status == footer["exit"]
    assert [(one["id"], one["verdict"]) for one in results] == [
        (one["id"], one["verdict"]) for one in whole.results
    ]
    assert (footer["counts"], footer["stale"]) == (whole.footer["counts"], whole.footer["stale"])
    assert header["planned"] == 4
    assert "shard" not in header
    # An incomplete set of shards is refused.
    for folders, complaint in [
        (shards[:1], "merge: shard 1/2 is missing"),
        ([*shards, shards[0]], f"{shards[0]} is named twice"),
        ([*shards, f"{shards[0]}/results.jsonl"], "are both shard 2/2"),
        ([shards[0], str(report)], f"{report} is not a shard"),
    ]:
        assert cli.main(["merge", *folders, f"--report={tmp_path / 'none'}"]) == 4
        assert complaint in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_value_of_the_shard_option() -> None:
    assert shard_of("2/5") == (2, 5)
    with pytest.raises(WrongUsage):
        shard_of("²/5")


# A class.


def test_class_in_shards_and_last_failed(tmp_path: Path) -> None:
    wrong = server(tmp_path, "wrong").replace("sendall(data)", "")
    at = written(tmp_path, server(tmp_path, "ada") + wrong + server(tmp_path, "zoe"))
    source = (tmp_path / "wrong.py").read_text()
    (tmp_path / "wrong.py").write_text(source.replace("sendall(data)", "sendall(b'?')"))
    words = ("--case=echo/simple", "--deadline=2")
    shards = [str(tmp_path / f"shard{number}") for number in (1, 2)]
    for number, folder in enumerate(shards, 1):
        class_judged(at, Path(folder), *words, f"--shard={number}/2")
    report = tmp_path / "merged"
    done = conformance("merge", *reversed(shards), f"--report={report}")
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("2 conformant, 1 not conformant\n")
    assert [path.name for path in sorted(report.iterdir()) if path.is_dir()] == [
        "ada",
        "wrong",
        "zoe",
    ]
    (tmp_path / "wrong.py").write_text(source)
    done, rows = class_judged(at, report, *words, "--last-failed")
    assert done.returncode == 0
    assert "2 were conformant before; 1 are judged" in done.stdout
    assert sorted(rows) == ["ada", "wrong", "zoe"]


# Watching files.


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for one process")
def test_watch_repeats_after_a_save_until_interrupted(tmp_path: Path) -> None:
    source = tmp_path / "server.py"
    server(tmp_path, "server", "")
    right = source.read_text()
    source.write_text(right.replace("sendall(data)", "sendall(data.upper())"))
    words = ["run", f"{PYTHON} server.py {{port}}", "--case=echo/simple", "--watch", "--jobs=1"]
    output = tmp_path.with_suffix(".out")
    with output.open("wb") as stream:
        process = forking.Popen(
            [sys.executable, "-m", "conformance", *words, f"--report={tmp_path / 'report'}"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        until(lambda: "watching for changes" in output.read_text(), "the first verdict")
        assert "not conformant (exit 1)" in output.read_text()
        source.write_text(right)
        until(lambda: "\nconformant (exit 0)" in output.read_text(), "the second verdict")
        assert "changed: server.py\n" in output.read_text()
        until(lambda: output.read_text().count("watching for changes") == 2, "the second wait")
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 2
    finally:
        process.kill()
        process.wait()
    assert output.read_text().count("conformance: echo over tcp") == 2


# pytest.


def test_plugin_has_the_same_options(tmp_path: Path) -> None:
    words = ["--conformance-target=ref:python", "--conformance-profile=echo"]
    words += ["--conformance-transport=tcp", "--conformance-case=s*", "--conformance-case=half*"]
    words += ["--conformance-skip=half-sent", "--conformance-shard=1/2", "--conformance-repeat=2"]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "--collect-only",
            "-q",
            "-p",
            "conformance.plugin",
            *words,
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    asked = [line for line in done.stdout.splitlines() if "[echo/" in line]
    assert asked, done.stdout + done.stderr
    assert not any("half-sent" in line for line in asked)
