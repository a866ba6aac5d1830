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
def test_parse_bytes(text: str, amount: float) -> None:
    assert parse_bytes(text, "--rate") == amount


@pytest.mark.parametrize("text", ["", "0", "-1", "1T", "K", "1 K", "inf", "\u0661"])
def test_parse_bytes_rejects_invalid_size(text: str) -> None:
    with pytest.raises(UsageError, match=r"--rate: .* is not a valid size"):
        parse_bytes(text, "--rate")


@pytest.mark.parametrize("text", ["9" * 5000, "9" * 400 + "k", "8589934592G"])
def test_parse_bytes_rejects_sizes_that_no_file_has(text: str) -> None:
    with pytest.raises(UsageError, match=r"--rate: .* is too large \(at most \d+ bytes\)"):
        parse_bytes(text, "--rate")


@pytest.mark.parametrize(("text", "size"), [("1", 1), ("8K", 8192), ("1.5k", 1536)])
def test_parse_size(text: str, size: int) -> None:
    assert parse_size(text, "-I") == size


@pytest.mark.parametrize(("text", "why"), [("2G", "large"), ("0.5", "small")])
def test_parse_size_rejects_impossible_buffer_sizes(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=f"-I: a buffer of '{text}' is too {why}"):
        parse_size(text, "-I")


def test_parse_ttl() -> None:
    assert (parse_ttl("1", "-M"), parse_ttl("255", "-M")) == (1, 255)


@pytest.mark.parametrize("text", ["0", "256", "-1", "x", "", "1.5"])
def test_parse_ttl_rejects_invalid_ttl(text: str) -> None:
    with pytest.raises(UsageError, match=f"-M: '{text}' is not a number from 1 to 255"):
        parse_ttl(text, "-M")


def test_parse_count() -> None:
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
def test_unescape(text: str, data: bytes) -> None:
    assert unescape(text, "--delimiter") == data


@pytest.mark.parametrize("text", ["\\", r"\q", r"\x1", r"\xgg"])
def test_unescape_rejects_unknown_escapes(text: str) -> None:
    with pytest.raises(UsageError, match="--delimiter: unknown escape"):
        unescape(text, "--delimiter")


@given(st.binary())
def test_every_byte_can_be_escaped(data: bytes) -> None:
    assert unescape("".join(f"\\x{byte:02x}" for byte in data), "--delimiter") == data


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_is_unescaped_or_rejected(text: str) -> None:
    assert unescape(text.replace("\\", "\\\\"), "x") == text.encode()
    with suppress(UsageError):
        assert isinstance(unescape(text, "x"), bytes)
