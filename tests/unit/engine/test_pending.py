"""Data that waits to be written."""

from __future__ import annotations

from pync.engine.pending import GATHERED, HIGH_WATER, Pending


def test_order_is_kept_after_a_partial_write() -> None:
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


def test_pieces_are_joined_up_to_a_limit() -> None:
    pending = Pending(gathers=True)
    pending.add([b"a" * GATHERED, b"b", b"c"])
    assert bytes(pending.first()) == b"a" * GATHERED
    pending.written(GATHERED - 1)
    assert bytes(pending.first()) == b"abc"
    assert pending.size == 3


def test_has_room_until_full() -> None:
    pending = Pending(gathers=False)
    pending.add([bytes(HIGH_WATER - 1)])
    assert pending.has_room
    pending.add([b"x"])
    assert not pending.has_room
    pending.clear()
    assert pending.has_room
    assert not pending
