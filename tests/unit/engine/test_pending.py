"""Data that waits to be written."""

from __future__ import annotations

from pync.engine.pending import GATHERED, HIGH_WATER, Pending


def test_in_order_and_what_was_not_written_comes_first() -> None:
    pending = Pending(gathers=False)
    pending.add([b"hello", b"", b"world"])
    assert (bytes(pending.first()), pending.size) == (b"hello", 10)
    pending.written(2)
    assert (bytes(pending.first()), pending.size) == (b"llo", 8)
    pending.written(3)
    assert (bytes(pending.first()), pending.size) == (b"world", 5)
    pending.written(5)
    assert not pending
    assert pending.size == 0


def test_together_up_to_a_bound() -> None:
    pending = Pending(gathers=True)
    pending.add([b"a" * GATHERED, b"b", b"c"])
    assert bytes(pending.first()) == b"a" * GATHERED
    pending.written(GATHERED - 1)
    assert bytes(pending.first()) == b"abc"
    assert pending.size == 3


def test_there_is_room_until_it_is_full() -> None:
    pending = Pending(gathers=False)
    pending.add([bytes(HIGH_WATER - 1)])
    assert pending.has_room
    pending.add([b"x"])
    assert not pending.has_room
    pending.clear()
    assert pending.has_room
    assert not pending
