"""Parsing types of service: keywords and numbers."""

from __future__ import annotations

import pytest

from pync.core.errors import UsageError
from pync.dialects.tos import TOS, parse_tos


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("lowdelay", 0x10),
        ("af11", 0x28),  # RFC 2597 6: DSCP 001010
        ("af43", 0x98),  # DSCP 100110
        ("cs7", 0xE0),
        ("ef", 0xB8),  # RFC 3246: DSCP 101110
        ("16", 16),
        ("0xff", 255),
    ],
)
def test_valid_type_of_service(text: str, value: int) -> None:
    assert parse_tos(text, "-T") == value


@pytest.mark.parametrize("text", ["", "256", "-1", "fast", "af44", "0x"])
def test_invalid_type_of_service(text: str) -> None:
    with pytest.raises(UsageError, match=f"-T: '{text}' is not a type of service"):
        parse_tos(text, "-T")


def test_ecn_bits_are_zero() -> None:
    assert [name for name, value in TOS.items() if value & 3 and name != "lowcost"] == []
