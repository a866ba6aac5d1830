"""Hex dumps of bytes, compared with samples from ncat and netcat."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pync.core.hexdump import hexdump, netcat_dump


def test_hexdump_has_the_format_of_ncat() -> None:
    assert hexdump(b"answer from server\n\x00\x01\xff~\x7f") == (
        "0000   61 6e 73 77 65 72 20 66  72 6f 6d 20 73 65 72 76  answer.from.serv\n"
        "0010   65 72 0a 00 01 ff 7e 7f                           er....~.        \n"
    )


def test_netcat_dump_has_direction_and_offset() -> None:
    assert netcat_dump(b"a question of 30 bytes", ">", 20) == (
        "> 00000014 61 20 71 75 65 73 74 69 6f 6e 20 6f 66 20 33 30 # a question of 30\n"
        "> 00000024 20 62 79 74 65 73                               #  bytes\n"
    )


def test_dump_of_no_bytes_is_empty() -> None:
    assert hexdump(b"") == ""


@given(st.binary(max_size=100))
def test_round_trip(data: bytes) -> None:
    assert bytes.fromhex("".join(row[7:55] for row in hexdump(data).splitlines())) == data
