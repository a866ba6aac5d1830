r"""Bytes as hex digits and as text with escapes: parsing, formatting and round trips."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pync.core.errors import UsageError
from pync.layers.notation import Escaper, EscapeReader, HexReader

Read = Callable[[type, bytes], bytes]


def whole(kind: type, text: bytes) -> bytes:
    reader = kind()
    data = reader.feed(text)
    reader.end()
    return bytes(data)


def byte_by_byte(kind: type, text: bytes) -> bytes:
    reader = kind()
    data = b"".join(reader.feed(text[at : at + 1]) for at in range(len(text)))
    reader.end()
    return data


@pytest.fixture(params=[whole, byte_by_byte])
def read(request: pytest.FixtureRequest) -> Read:
    how: Read = request.param
    return how


@pytest.mark.parametrize(
    ("text", "data"),
    [
        (b"48 65 6c", b"Hel"),
        (b"48656C\n6c\r\n", b"Hell"),
        (b"00:ff,0x01, 0X02", b"\x00\xff\x01\x02"),
        (rb"\x78\x79 0x7a", b"xyz"),
        (b"0041 000x41", b"\x00A\x00A"),
        (b"", b""),
        (b" \n\t", b""),
    ],
)
def test_hex(read: Read, text: bytes, data: bytes) -> None:
    assert read(HexReader, text) == data


@pytest.mark.parametrize(
    ("text", "data"),
    [
        (rb"GET / HTTP/1.0\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n"),
        (b"one\\n\ntwo\r\n", b"one\ntwo"),
        (rb"\x00\xff\0\e\a\\ \"\'", b"\x00\xff\x00\x1b\x07\\ \"'"),
        ("é\\u20ac".encode(), "é€".encode()),
        (b"\xff\x00", b"\xff\x00"),
    ],
)
def test_escapes(read: Read, text: bytes, data: bytes) -> None:
    assert read(EscapeReader, text) == data


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        (HexReader, b"48 6z", "line 1, column 4: '6z' are not two hexadecimal digits"),
        (HexReader, b"48 zz", "line 1, column 4: 'z' is not a hexadecimal digit"),
        (HexReader, b"48\n 6", "line 2, column 2: '6' is half a byte: two digits make one"),
        (HexReader, b"4 8", "line 1, column 1: '4' is half a byte: two digits make one"),
        (HexReader, b"48 \\", "line 1, column 4: '\\\\' is not a hexadecimal digit"),
        (HexReader, b"48 \x1b", "line 1, column 4: '\\x1b' is not a hexadecimal digit"),
        (EscapeReader, "é\nüb\\q".encode(), r"line 2, column 3: '\q' is not an escape"),
        (EscapeReader, rb"a\x4", r"line 1, column 2: '\x4' is not an escape"),
        (EscapeReader, rb"\ud800", r"line 1, column 1: '\ud800' is not an escape"),
        (EscapeReader, b"a\\", "line 1, column 2: '\\' is not an escape"),
    ],
)
def test_invalid_input_is_rejected_with_line_and_column(kind: type, text: bytes, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        whole(kind, text)
    assert str(refused.value).startswith(said)


@pytest.mark.parametrize("kind", [HexReader, EscapeReader])
def test_forget_line_after_an_error(kind: type) -> None:
    reader = kind()
    with pytest.raises(UsageError, match="line 1, column 1"):
        reader.feed(b"\\q\n")
    reader.forget_line()
    with pytest.raises(UsageError, match="line 2, column 1"):
        reader.feed(b"\\q\n")
    reader.forget_line()
    assert reader.feed(rb"\x41") == b"A"


def escaped(pieces: list[bytes]) -> bytes:
    escaper = Escaper()
    return b"".join(map(escaper.feed, pieces)) + escaper.end()


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"a\r\nb\tc", b"a\\r\\n\nb\\tc"),
        (b"\x00\x1b[6n\x7f\\", rb"\x00\x1b[6n\x7f\\"),
        ("é 日 🐍".encode(), "é 日 🐍".encode()),
        (b"\xff\xc3", rb"\xff\xc3"),
        ("\x9b\u202e\u00a0".encode(), rb"\xc2\x9b\xe2\x80\xae\xc2\xa0"),
    ],
)
def test_escaper(data: bytes, text: bytes) -> None:
    assert escaped([data]) == escaped([data[at : at + 1] for at in range(len(data))]) == text


@given(st.lists(st.binary(max_size=6)))
def test_round_trip(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    text = escaped(pieces)
    assert text == escaped([data])
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", text)
    assert whole(EscapeReader, text) == byte_by_byte(EscapeReader, text) == data
    digits = data.hex(" ").encode()
    assert whole(HexReader, digits) == byte_by_byte(HexReader, digits) == data
