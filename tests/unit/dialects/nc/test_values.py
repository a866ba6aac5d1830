"""The option values of nc; tests/interop compares the messages with those of nc."""

from __future__ import annotations

import pytest

from pync.core.errors import UsageError
from pync.dialects.nc.values import VALUES, port_number


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("wait", "0", 0),
        ("quit_after", "-1", -1),
        ("ttl", "255", 255),
        ("tos", "ef", 0xB8),
        ("proxy_protocol", "connect", "connect"),
    ],
)
def test_values(field: str, text: str, value: object) -> None:
    assert VALUES[field](text, "-o") == value


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("wait", "x", "timeout invalid: x"),
        ("wait", "9" * 20, "timeout too large: " + "9" * 20),
        ("ttl", "256", "ttl is too large"),
        ("recv_limit", "0", "receive limit too small: 0"),
        ("tos", "fast", "illegal tos value fast"),
        ("proxy_protocol", "6", "unsupported proxy protocol"),
        ("rtable", "1", "no alternate routing table support available"),
    ],
)
def test_invalid_values(field: str, text: str, said: str) -> None:
    with pytest.raises(UsageError) as refusal:
        VALUES[field](text, "-o")
    assert str(refusal.value) == said


def test_port_numbers() -> None:
    assert port_number("65535") == 65535
    with pytest.raises(UsageError, match="port number too large: 65536"):
        port_number("65536")
