"""The send buffer: order, completeness and memory use."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pync.layers.sendbuffer import SendBuffer


class Link:
    """Accepts the given numbers of bytes, and keeps the views that it gets, as OpenSSL may."""

    def __init__(self, *takes: int) -> None:
        self.got = b""
        self.kept: list[memoryview] = []
        self._takes = list(takes)

    def send(self, data: memoryview) -> int:
        self.kept.append(data)
        if not self._takes:
            raise BlockingIOError
        taken = min(self._takes.pop(0), len(data))
        self.got += data[:taken]
        return taken


@given(st.lists(st.one_of(st.binary(max_size=9), st.integers(1, 12)), max_size=30))
def test_data_is_sent_in_order(steps: list[bytes | int]) -> None:
    buffer, put, got = SendBuffer(), b"", b""
    for step in steps:
        if isinstance(step, bytes):
            buffer.put(step)
            put += step
        else:
            taken = bytes(buffer.next()[:step])
            buffer.sent(len(taken))
            got += taken
        assert len(buffer) == buffer.size == len(put) - len(got)
        assert bool(buffer.next()) == bool(buffer)
        assert put.startswith(got)
    assert got + bytes(buffer.next()) == put[: len(got) + len(buffer.next())]


def test_unsent_data_stays_in_the_buffer() -> None:
    buffer, link = SendBuffer(), Link(3, 1)
    buffer.put(b"hello")
    with pytest.raises(BlockingIOError):
        buffer.send_with(link.send)
    assert (link.got, len(buffer)) == (b"hell", 1)
    buffer.put(b", world")
    rest = Link(100, 100)
    buffer.send_with(rest.send)
    assert (rest.got, len(buffer)) == (b"o, world", 0)


def test_buffer_can_change_while_views_of_it_exist() -> None:
    buffer, link = SendBuffer(), Link(1, 1, 1, 1)
    for word in (b"ab", b"c", b"d"):
        buffer.put(word)
    buffer.send_with(link.send)
    buffer.put(b"e")
    buffer.clear()
    buffer.put(b"f")
    assert [bytes(view) for view in link.kept] == [b"ab", b"b", b"cd", b"d"]
    assert bytes(buffer.next()) == b"f"


def test_large_pieces_are_not_copied_and_small_pieces_have_no_overhead() -> None:
    buffer, large = SendBuffer(), bytes(1 << 20)
    tracemalloc.start()
    try:
        buffer.put(large)
        buffer.sent(1)
        for _ in range(10_000):
            buffer.put(b"x")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 100_000


def test_sent_data_is_freed() -> None:
    buffer = SendBuffer()
    tracemalloc.start()
    try:
        buffer.put(bytes(1 << 20))
        buffer.sent(1 << 20)
        now, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert now < 100_000
