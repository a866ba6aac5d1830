"""Known failures: which failures they excuse, and when an entry is stale."""

from __future__ import annotations

import datetime
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.core.verdict import Verdict, WrongUsage
from conformance.plan import Case, expectations
from conformance.plan.expectations import Expectations, Expected
from conformance.profiles import REQUIREMENTS

from .judging import ROOT, judge

CASE = Case(REQUIREMENTS["echo/half-close"], "tcp")
TODAY = datetime.date(2030, 1, 1)


def applied(verdict: Verdict, how: str = "", /, **entry: object) -> Verdict:
    known = Expected("echo/half-close", "issue 1", **entry)  # type: ignore[arg-type]
    return Expectations([known], TODAY).apply(CASE, verdict, how, "message")[0]


def test_known_failure_is_excused() -> None:
    assert applied(Verdict.FAIL) == Verdict.XFAIL
    assert applied(Verdict.FAIL, "died", signature="died") == Verdict.XFAIL


def test_other_failure_is_not_excused() -> None:
    assert applied(Verdict.FAIL, "no-fin", signature="died") == Verdict.FAIL
    assert applied(Verdict.FAIL, transport="unix") == Verdict.FAIL


def test_expired_entry_does_not_excuse_a_failure() -> None:
    assert applied(Verdict.FAIL, until=TODAY) == Verdict.XFAIL
    assert applied(Verdict.FAIL, until=TODAY - datetime.timedelta(1)) == Verdict.FAIL


def test_unexpected_pass_is_reported() -> None:
    assert applied(Verdict.PASS) == Verdict.XPASS


def test_stale_entries() -> None:
    known = Expectations(
        [
            Expected("echo/half-close", "fails still"),
            Expected("echo/simple", "passes now"),
            Expected("greet/*", "was not judged"),
            Expected("greet/no-such-*", "is not a requirement"),
            Expected("echo/large", "old", until=datetime.date(2029, 1, 1)),
        ],
        TODAY,
    )
    results = [
        {"id": "echo/half-close", "transport": "tcp", "verdict": "XFAIL"},
        {"id": "echo/simple", "transport": "tcp", "verdict": "XPASS"},
        {"id": "echo/large", "transport": "tcp", "verdict": "FAIL"},
    ]
    assert known.stale(results, REQUIREMENTS) == [
        "echo/simple: passes, although a failure is expected",
        "greet/no-such-*: the expectation names no requirement",
        "echo/large: the expectation expired on 2029-01-01",
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[[expected]\n", "Expected"),
        ("[[expectid]]\nid = 'a'\n", "unknown key 'expectid'"),
        ("[[expected]]\nid = 'a'\nreason = 'x'\ncolour = 'red'\n", "unknown key 'colour'"),
        ("[[expected]]\nid = 7\nreason = 'x'\n", "id = 7 is not of type str"),
        ("[[expected]]\nid = 'echo/x'\n", "an entry has no reason"),
        ("[[expected]]\nid = 'a'\nreason = 'x'\ntransport = 'tpc'\n", "transport 'tpc' .known"),
        (
            "[[expected]]\nid = 'a'\nreason = 'x'\nuntil = 'soon'\n",
            "until = 'soon' is not of type date",
        ),
    ],
)
def test_invalid_file_is_a_usage_error(text: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "known.toml"
    path.write_text(text)
    with pytest.raises(WrongUsage, match=complaint):
        expectations.read(str(path))


def test_run_with_only_known_failures_is_green_and_a_stale_entry_is_status_7(
    tmp_path: Path,
) -> None:
    known = tmp_path / "known.toml"
    entry = '[[expected]]\nid = "echo/no-newline"\nreason = "issue 7"\n'
    known.write_text(entry)
    words = ["--case=echo/no-newline", "--case=echo/simple", "--deadline=2", f"--expect={known}"]
    broken = judge(tmp_path / "a", "mutant:echo/waits-for-newline", "--transport=tcp", *words)
    assert broken.status == 0, broken.stdout
    assert broken.ids("XFAIL") == {"echo/no-newline"}
    right = judge(tmp_path / "b", "ref:python", "--transport=tcp", *words)
    assert right.status == 7, right.stdout
    assert right.footer["stale"] == ["echo/no-newline: passes, although a failure is expected"]


#: Judges in this process, and prints how many plans it made and how often it read the file.
COUNTING = """
import sys
from pathlib import Path
from conformance.plan import Options, Plan, expectations
from conformance.runner import run

made, read = [], []
make, read_file = Plan.__init__, expectations.read
Plan.__init__ = lambda self, *given, **more: made.append(0) or make(self, *given, **more)
expectations.read = lambda path: read.append(path) or read_file(path)
options = Options(
    "mutant:echo/waits-for-newline", cases=("echo/no-newline", "echo/simple"),
    transports=("tcp",), deadline=2.0, expect="/dev/stdin",
)
status = run(options, Path(sys.argv[1]), int(sys.argv[2]))
print("plans", len(made), "reads", len(read), "status", int(status))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no /dev/stdin")
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_one_run_makes_one_plan_and_reads_the_file_once(jobs: str, tmp_path: Path) -> None:
    """A pipe can be read only once: ``--expect <(grep ...)``; the workers get the entries."""
    done = subprocess.run(
        [sys.executable, "-c", COUNTING, str(tmp_path), jobs],
        cwd=ROOT,
        input='[[expected]]\nid = "echo/no-newline"\nreason = "x"\nuntil = 9999-12-31\n',
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1:] == ["plans 1 reads 1 status 0"], done.stdout + done.stderr
    assert '"verdict": "XFAIL"' in (tmp_path / "results.jsonl").read_text()
