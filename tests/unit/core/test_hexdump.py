"""Bytes as people read them; the samples are ncat's."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pync.core.hexdump import hexdump


def test_the_form_is_ncats() -> None:
    assert hexdump(b"answer from server\n\x00\x01\xff~\x7f") == (
        "0000   61 6e 73 77 65 72 20 66  72 6f 6d 20 73 65 72 76  answer.from.serv\n"
        "0010   65 72 0a 00 01 ff 7e 7f                           er....~.        \n"
    )


def test_nothing_is_nothing() -> None:
    assert hexdump(b"") == ""


@given(st.binary(max_size=100))
def test_the_bytes_can_be_read_back(data: bytes) -> None:
    assert bytes.fromhex("".join(row[7:55] for row in hexdump(data).splitlines())) == data
