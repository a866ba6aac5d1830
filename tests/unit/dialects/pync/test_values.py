"""The values of options: how they are parsed, and why some are refused."""

from __future__ import annotations

import pytest

from pync.core.errors import UsageError
from pync.dialects.pync.values import VALUES


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("wait", "500ms", 0.5),
        ("rate", "10K", 10240.0),
        ("delimiter", r"\r\n", b"\r\n"),
        ("retry", "3:200ms", (3, 0.2)),
        ("if_refused", "close", "close"),
        ("output", "file", "file"),
        ("fault_seed", "7", 7),
        ("workers", "2", 2),
    ],
)
def test_values(name: str, text: str, value: object) -> None:
    assert VALUES[name](text, f"--{name}") == value


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("if_refused", "no", "--if_refused: 'no' is neither reset nor close"),
        ("output", "", "--output needs the name of a file"),
        ("reconnect", "0", "--reconnect: '0' is too short; the default is 1s"),
        ("workers", "5000", "--workers: 5000 are too many (at most 1024)"),
        ("fault_seed", "x", "--fault_seed: 'x' is not a whole number"),
        ("starttls", "gopher", "--starttls: 'gopher' is not one of ftp,"),
    ],
)
def test_invalid_values(name: str, text: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        VALUES[name](text, f"--{name}")
    assert str(refused.value).startswith(said)
