"""``-x`` and ``--max-failures``: a run that stops early reports the cases that it did not judge."""

from __future__ import annotations

from pathlib import Path

import pytest

from .judging import conformance, judge

TARGET = ("mutant:echo/waits-for-newline", "--case=echo/no-newline", "--case=echo/simple")


@pytest.mark.parametrize("words", [("-x",), ("--max-failures=1",), ("-x", "--jobs=1")])
def test_run_stops_at_the_first_failure(words: tuple[str, ...], tmp_path: Path) -> None:
    target = (*TARGET, "--transport=tcp,tcp6,unix", "--deadline=1")
    judged = judge(tmp_path, *target, *words)
    assert judged.status == 1, judged.stdout
    assert 1 <= len([one for one in judged.results if one["verdict"] == "FAIL"]) <= 2
    assert len(judged.results) == judged.header["planned"] == 6
    for one in judged.results:
        assert one["verdict"] != "SKIP" or one["message"] == "stopped after 1 failure"


def test_run_with_fewer_failures_is_completed(tmp_path: Path) -> None:
    judged = judge(tmp_path, *TARGET, "--transport=tcp", "--deadline=1", "--max-failures=2")
    assert judged.status == 1
    assert {one["verdict"] for one in judged.results} == {"PASS", "FAIL"}


def test_number_of_failures_must_be_a_number() -> None:
    done = conformance("run", "--max-failures=none")
    assert done.returncode == 4
    assert "--max-failures: 'none' is not a number between 1 and 256" in done.stderr
