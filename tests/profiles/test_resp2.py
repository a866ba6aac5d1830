"""Redis, and an imitation of it, judged by the profile resp2."""

from __future__ import annotations

from pathlib import Path

from ..programs import needs
from ..suite.judging import PYTHON, judge
from .examples import EXAMPLES, judged, listed

IMITATION = f"{PYTHON} {EXAMPLES / 'resp2' / 'fakeredis-server'} {{port}}"


def test_there_are_enough_requirements() -> None:
    assert len(listed("resp2/resp2.toml")) >= 30


def test_redis(tmp_path: Path) -> None:
    needs("redis")
    shared = ("concurrent", "burst", "reset-while-writing", "sigterm-busy")
    report = judged("resp2", "redis", tmp_path, *listed("resp2/resp2.toml"), *shared, jobs=2)
    assert report.status == 0, report.stdout
    assert report.ids("WARN") == set()
    assert len(report.ids("PASS")) >= 34


def test_fakeredis(tmp_path: Path) -> None:
    folder = EXAMPLES / "resp2"
    words = ("ping", "echo", "set", "get", "del", "null", "null-array", "array", "error", "inline")
    cases = [f"--case=resp2/{word}" for word in words]
    report = judge(
        tmp_path,
        IMITATION,
        f"--load={folder / 'resp2.toml'}",
        f"--expect={folder / 'known' / 'fakeredis.toml'}",
        "--deadline=5",
        "--jobs=2",
        *cases,
    )
    assert report.status == 0, report.stdout
    broken = {"resp2/echo", "resp2/get", "resp2/null-array"}
    assert report.ids("XFAIL") | report.ids("WARN") == broken | {"resp2/inline"}
