"""The option values of nc.traditional."""

from __future__ import annotations

import pytest

from pync.core.errors import UsageError
from pync.dialects.traditional.values import VALUES


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("wait", "3", 3),
        ("interval", "1", 1),
        ("quit_after", "0", 0),
        ("quit_after", "-1", -1),
        ("route_pointer", "28", 28),
        ("tos", "Minimize-Delay", 16),
        ("tos", "16", 16),
    ],
)
def test_values(field: str, text: str, value: object) -> None:
    assert VALUES[field](text, "-x") == value


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("wait", "0", "invalid wait-time 0"),
        ("wait", "1x", "invalid wait-time 1x"),
        ("interval", "x", "invalid interval time x"),
        ("quit_after", "x", "invalid quit-time x"),
        ("route_pointer", "5", "invalid hop pointer 5, must be multiple of 4 <= 28"),
        ("route_pointer", "x", "invalid hop pointer 0, must be multiple of 4 <= 28"),
        (
            "tos",
            "x",
            "-x: 'x' is not a type of service; use for example lowdelay, ef, af11 or 0x10",
        ),
    ],
)
def test_invalid_values(field: str, text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        VALUES[field](text, "-x")
    assert str(caught.value) == said
