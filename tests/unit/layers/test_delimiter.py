"""Cutting a stream into messages at a delimiter."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pync.layers.delimiter import Cutter


def messages(data: bytes, size: int, delimiter: bytes, largest: int = 100) -> list[bytes]:
    cutter = Cutter(delimiter, largest)
    found = []
    for at in range(0, len(data), size):
        found += cutter.cut(data[at : at + size])
    return found + cutter.rest()


def test_messages_do_not_depend_on_segmentation() -> None:
    for size in (1, 2, 3, 50):
        assert messages(b"one\r\ntwo\rx\r\n\r\nrest", size, b"\r\n") == [b"one", b"two\rx", b"rest"]


@given(st.lists(st.sampled_from([b"a", b"::", b":", b"bb"])), st.integers(1, 9))
def test_no_data_is_lost(pieces: list[bytes], size: int) -> None:
    data = b"".join(pieces)
    assert messages(data, size, b"::") == [one for one in data.split(b"::") if one]


@given(st.binary(max_size=300), st.integers(1, 9))
def test_message_without_a_delimiter_is_cut_at_the_limit(data: bytes, size: int) -> None:
    cutter = Cutter(b"END", 10)
    found = []
    for at in range(0, len(data), size):
        found += cutter.cut(data[at : at + size])
        assert len(cutter._rest) < 10 + len(b"END")
    found += cutter.rest()
    assert max(map(len, found), default=0) <= 10
    assert b"".join(found) == data.replace(b"END", b"")
