"""memcached, and a proxy that speaks its protocol, judged by the profile memcached."""

from __future__ import annotations

from pathlib import Path

from ..programs import needs
from .examples import judged, listed


def test_there_are_enough_requirements() -> None:
    assert len(listed("memcached/memcached.toml")) >= 35


def test_memcached(tmp_path: Path) -> None:
    needs("memcached")
    words = (*listed("memcached/memcached.toml"), "concurrent", "reset-while-writing")
    report = judged("memcached", "memcached", tmp_path, *words, jobs=2)
    assert report.status == 0, report.stdout
    assert report.ids("XFAIL") == {"memcached/one-reply", "memcached/missing-arguments"}
    assert report.ids("WARN") == set()


def test_twemproxy(tmp_path: Path) -> None:
    needs("memcached")
    needs("twemproxy")
    right = ("version", "set", "any-bytes", "add", "append", "cas", "noreply", "get-many", "incr")
    wrong = ("unknown-command", "bad-length", "expired", "flush")
    report = judged("memcached", "twemproxy", tmp_path, *right, *wrong)
    assert report.status == 0, report.stdout
    assert report.ids("PASS") == {f"memcached/{word}" for word in right}
    assert report.ids("XFAIL") == {f"memcached/{word}" for word in wrong}
