"""Postfix, its server for tests, and aiosmtpd, judged by the profile smtp."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ..programs import needs
from .examples import judged, listed

SHARED = ("concurrent", "burst", "reset-at-once")


def test_there_are_enough_requirements() -> None:
    assert len(listed("smtp/smtp.toml")) >= 50


def test_postfix(tmp_path: Path) -> None:
    needs("postfix")
    if os.geteuid() != 0:
        pytest.skip("only root starts Postfix")
    report = judged("smtp", "postfix", tmp_path, *listed("smtp/smtp.toml"), *SHARED)
    assert report.status == 0, report.stdout
    assert {"smtp/only-crlf", "smtp/lf-dot-crlf", "smtp/size-refused"} <= report.ids("XFAIL")
    assert len(report.ids("PASS")) >= 45


def test_aiosmtpd(tmp_path: Path) -> None:
    needs("aiosmtpd")
    report = judged("smtp", "aiosmtpd", tmp_path, *listed("smtp/smtp.toml"), *SHARED)
    assert report.status == 0, report.stdout
    assert {"smtp/only-crlf", "smtp/rcpt-syntax"} <= report.ids("XFAIL")
    assert len(report.ids("PASS")) >= 45


def test_smtp_sink(tmp_path: Path) -> None:
    needs("smtp-sink")
    words = (
        "greeting",
        "ehlo",
        "quit",
        "transaction",
        "transparency",
        "vrfy-unverified",
        "extensions",
    )
    report = judged("smtp", "smtp-sink", tmp_path, *words)
    assert report.status == 0, report.stdout
    assert report.ids("XFAIL") == {"smtp/vrfy-unverified", "smtp/extensions"}
