"""Durations as text, and deadlines."""

from __future__ import annotations

import pytest

from pync.core.deadline import Deadline, parse_duration
from pync.core.errors import UsageError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("3s", 3), ("2m", 120), ("1h", 3600), ("1.5", 1.5), (".5", 0.5), ("0", 0)],
)
def test_parse_duration(text: str, seconds: float) -> None:
    assert parse_duration(text, "-w") == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "s", "-1", "1d", "1 s", "1e3", "inf", "nan", "1ms2", "."])
def test_invalid_duration_error_names_the_option(text: str) -> None:
    with pytest.raises(UsageError, match=r"^-w: .* is not a valid time"):
        parse_duration(text, "-w")


@pytest.mark.parametrize("text", ["99999999", "9999h", "9" * 40])
def test_too_long_duration_is_rejected(text: str) -> None:
    with pytest.raises(UsageError, match=rf"^-w: .{text}. is too long \(at most 2147483 seconds\)"):
        parse_duration(text, "-w")
    assert parse_duration("2147483", "-w") == 2147483


def test_deadline_without_a_time_never_passes() -> None:
    never = Deadline(None)
    assert never.remaining is None
    assert not never.passed


def test_passed_deadline() -> None:
    over = Deadline(0)
    assert over.remaining == 0.0
    assert over.passed


def test_future_deadline() -> None:
    later = Deadline(3600)
    # (A sum and a difference of clock readings are rounded: it may be more than 3600.)
    assert later.remaining == pytest.approx(3600, abs=100)
    assert not later.passed
