"""The rate limit of one direction."""

from __future__ import annotations

import pytest

from pync.engine.pace import Delay, LineByLine, Rate


def test_line_by_line() -> None:
    pace = LineByLine(2)
    assert pace.pieces(b"a\nb\r\n\nc") == [b"a\n", b"b\r\n", b"\n", b"c"]
    assert pace.pieces(b"a\n") == [b"a\n"]
    assert pace.pause(100, 7) == 2
    assert LineByLine(2, b"\0").pieces(b"a\n\0b") == [b"a\n\0", b"b"]


def test_rate() -> None:
    pace = Rate(1000)
    assert [len(piece) for piece in pace.pieces(bytes(120))] == [50, 50, 20]
    now = 100.0
    for _ in range(1000):
        now += pace.pause(50, now)
    # Only the credit at the beginning (0.2 s) shortens the total time.
    assert now == pytest.approx(100.0 + 50 - 0.2)


def test_rate_catches_up_after_a_late_timer_but_not_after_a_long_pause() -> None:
    pace = Rate(1000)
    pace.pause(1000, 10.0)
    assert pace.pause(100, 10.85) == pytest.approx(0.05)
    assert pace.pause(100, 99.0) == 0.0
    assert pace.pause(100, 99.0) == 0.0
    assert pace.pause(100, 99.0) == pytest.approx(0.1)


def test_slowest_rate_sends_single_bytes_or_whole_datagrams() -> None:
    assert Rate(1).pieces(b"abc") == [b"a", b"b", b"c"]
    assert Rate(1, whole=True).pieces(b"abc") == [b"abc"]


def test_delay() -> None:
    pace = Delay(0.5)
    assert pace.pieces(b"a\nb") == [b"a\nb"]
    assert pace.pause(3, 1.0) == 0.5
