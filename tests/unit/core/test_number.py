"""Parsing whole numbers."""

from __future__ import annotations

import pytest

from pync.core.number import is_digits, whole


@pytest.mark.parametrize(
    ("text", "most", "number"),
    [("0", 9, 0), ("9", 9, 9), ("10", 9, None), ("0009", 9, 9), ("65535", 65535, 65535)],
)
def test_whole_up_to_a_limit(text: str, most: int, number: int | None) -> None:
    assert whole(text, most) == number


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", " 1", "1_0", "1.0", "0x1", "\u00b2", "\u0663", "\udcff", "9" * 5000]
)
def test_invalid_number(text: str) -> None:
    assert whole(text, 10**700) is None


def test_any_number_of_digits() -> None:
    assert is_digits("9" * 5000)
    assert not is_digits("\u00b2")
    assert whole("0" * 5000, 9) == 0
