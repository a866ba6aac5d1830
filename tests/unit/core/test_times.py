"""Times in milliseconds, as events contain them."""

from __future__ import annotations

from pync.core.times import UNTIMED, Times


def test_in_milliseconds() -> None:
    assert Times(0.0123456, 1.0).in_milliseconds() == Times(12.346, 1000.0, None)
    assert UNTIMED.in_milliseconds() == Times(None, None, None)
