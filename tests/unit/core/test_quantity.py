"""Sizes and strings as users write them."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pync.core.errors import UsageError
from pync.core.quantity import parse_bytes, parse_count, parse_size, parse_ttl, unescape


@pytest.mark.parametrize(
    ("text", "amount"),
    [("1", 1), ("10K", 10240), ("1.5m", 1572864), (".5kB", 512), ("2g", 2 << 30)],
)
def test_amounts(text: str, amount: float) -> None:
    assert parse_bytes(text, "--rate") == amount


@pytest.mark.parametrize("text", ["", "0", "-1", "1T", "K", "1 K", "inf", "\u0661"])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(UsageError, match=r"--rate: .* is not a valid size"):
        parse_bytes(text, "--rate")


@pytest.mark.parametrize(("text", "size"), [("1", 1), ("8K", 8192), ("1.5k", 1536)])
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text, "-I") == size


@pytest.mark.parametrize(("text", "why"), [("2G", "large"), ("0.5", "small")])
def test_sizes_that_no_buffer_has(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=f"-I: a buffer of '{text}' is too {why}"):
        parse_size(text, "-I")


def test_ttls() -> None:
    assert (parse_ttl("1", "-M"), parse_ttl("255", "-M")) == (1, 255)


@pytest.mark.parametrize("text", ["0", "256", "-1", "x", "", "1.5"])
def test_what_is_no_ttl(text: str) -> None:
    with pytest.raises(UsageError, match=f"-M: '{text}' is not a number from 1 to 255"):
        parse_ttl(text, "-M")


def test_counts() -> None:
    assert parse_count("12", "--count") == 12
    for text in ("", "0", "-1", "1.5", "x", "²"):
        with pytest.raises(UsageError, match=r"--count: .* is not a whole number"):
            parse_count(text, "--count")


@pytest.mark.parametrize(
    ("text", "data"),
    [
        (r"\r\n", b"\r\n"),
        (r"a\0b", b"a\0b"),
        (r"\x1b[m\e", b"\x1b[m\x1b"),
        (r"\\n", b"\\n"),
        ("é", "é".encode()),
        ("\udcff", b"\xff"),
        ("", b""),
    ],
)
def test_strings(text: str, data: bytes) -> None:
    assert unescape(text, "--delimiter") == data


@pytest.mark.parametrize("text", ["\\", r"\q", r"\x1", r"\xgg"])
def test_what_nobody_knows(text: str) -> None:
    with pytest.raises(UsageError, match="--delimiter: unknown escape"):
        unescape(text, "--delimiter")


@given(st.binary())
def test_every_byte_can_be_written(data: bytes) -> None:
    assert unescape("".join(f"\\x{byte:02x}" for byte in data), "--delimiter") == data


@given(st.text(st.characters(codec="utf-8")))
def test_whatever_is_typed_is_read_or_refused(text: str) -> None:
    assert unescape(text.replace("\\", "\\\\"), "x") == text.encode()
    with suppress(UsageError):
        assert isinstance(unescape(text, "x"), bytes)
