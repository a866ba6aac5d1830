"""Conversion of LF to CR LF, for whole and for split input."""

from __future__ import annotations

import itertools
import re

from hypothesis import given
from hypothesis import strategies as st

from pync.layers.newline import CrlfEncoder

#: All texts of up to six bytes that an encoder can distinguish.
TEXTS = [
    bytes(letters) for size in range(7) for letters in itertools.product(b"\r\na", repeat=size)
]


def expected(data: bytes) -> bytes:
    return re.sub(rb"(?<!\r)\n", b"\r\n", data)


def test_whole() -> None:
    for text in TEXTS:
        assert CrlfEncoder().encode(text) == expected(text)


def test_byte_by_byte() -> None:
    for text in TEXTS:
        encoder = CrlfEncoder()
        assert b"".join(encoder.encode(bytes([byte])) for byte in text) == expected(text)


def test_cut_in_two_anywhere() -> None:
    for text in TEXTS:
        for cut in range(len(text) + 1):
            encoder = CrlfEncoder()
            assert encoder.encode(text[:cut]) + encoder.encode(text[cut:]) == expected(text)


def test_cr_and_lf_in_two_reads() -> None:
    encoder = CrlfEncoder()
    assert [encoder.encode(b"a\r"), encoder.encode(b""), encoder.encode(b"\nb")] == [
        b"a\r",
        b"",
        b"\nb",
    ]


@given(st.lists(st.binary(max_size=9)))
def test_any_segmentation(pieces: list[bytes]) -> None:
    encoder = CrlfEncoder()
    assert b"".join(map(encoder.encode, pieces)) == expected(b"".join(pieces))
