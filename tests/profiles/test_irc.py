"""Real IRC servers, judged by the profile irc: what is known of each, and no more."""

from __future__ import annotations

from pathlib import Path

from ..programs import needs
from .examples import judged, own_requirements


def test_there_are_enough_requirements() -> None:
    assert len(own_requirements("irc")) >= 40


def test_ngircd(tmp_path: Path) -> None:
    needs("ngircd")
    shared = ("concurrent", "burst", "reset-while-writing", "sigterm-busy")
    report = judged("irc", "ngircd", tmp_path, *own_requirements("irc"), *shared, jobs=2)
    assert report.status == 0, report.stdout
    assert report.ids("WARN") == {"irc/no-nick"}, report.stdout
    assert len(report.ids("PASS")) >= 50


def test_inspircd(tmp_path: Path) -> None:
    needs("inspircd")
    # It lets a client in by the tick of a second: what it does otherwise, and a little more.
    words = ("register", "ping", "quit", "join", "message", "part", "private", "order", "topic")
    differs = ("join-zero", "notice", "notice-unanswered", "no-nick", "no-text", "no-recipient")
    report = judged("irc", "inspircd", tmp_path, *words, *differs, jobs=8)
    assert report.status == 0, report.stdout
    assert report.ids("WARN") == {f"irc/{word}" for word in ("no-nick", "no-text", "no-recipient")}
    assert report.ids("XFAIL") == {"irc/join-zero", "irc/notice-unanswered"}
