"""memcached, and a proxy that speaks its protocol, judged by the profile memcached."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

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


def test_stalled_client_fits_into_a_small_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stalled client asks for much by few requests: twemproxy queues 16 KiB for each key."""
    needs("memcached")
    needs("twemproxy")
    small = tmp_path / "nutcracker"
    small.write_text(f'#!/bin/sh\nulimit -v 400000\nexec {shutil.which("nutcracker")} "$@"\n')
    small.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    words = ("stall-then-reset", "reset-while-writing")
    report = judged("memcached", "twemproxy", tmp_path / "report", *words)
    assert report.ids("PASS") == {f"memcached/{word}" for word in words}, report.stdout
