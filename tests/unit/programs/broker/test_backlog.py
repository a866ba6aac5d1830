"""What is queued for the clients of a broker: shared, in order, and with its cost in memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pync.programs.broker import backlog as module
from pync.programs.broker.backlog import AT_ONCE, OVERHEAD, PIECES, Backlog, Place


@contextmanager
def tracing() -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


def memory() -> int:
    """Bytes that a backlog and these tests hold. (Other threads allocate too.)"""
    files = [tracemalloc.Filter(True, name) for name in (module.__file__, __file__)]
    found = tracemalloc.take_snapshot().filter_traces(files)
    return sum(one.size for one in found.statistics("filename"))


def rest(place: Place, step: int) -> bytes:
    """All that waits, as a connection takes it that sends so many bytes at most."""
    got = b""
    while data := place.next():
        sent = bytes(data[:step])
        got += sent
        place.sent(len(sent))
    return got


@pytest.mark.parametrize("step", [1, 2, 3, 5, AT_ONCE])
def test_everybody_is_sent_all_but_their_own_words(step: int) -> None:
    backlog = Backlog()
    arthur, robin, listener = Place(backlog, "Arthur"), Place(backlog, "Robin"), Place(backlog, "")
    for speaker, word in [("Arthur", b"abc"), ("Robin", b"de"), ("Robin", b"f"), ("Arthur", b"g")]:
        backlog.add(word, speaker)
    assert arthur.size > 0
    assert rest(arthur, step) == b"def"
    assert rest(robin, step) == b"abcg"
    assert rest(listener, step) == b"abcdefg"
    assert (arthur.size, robin.size, listener.size) == (0, 0, 0)
    backlog.add(b"h", None)
    assert rest(robin, step) == b"h"


def test_one_who_comes_later_is_sent_what_is_said_later() -> None:
    backlog = Backlog()
    backlog.add(b"before", None)
    place = Place(backlog, "")
    backlog.add(b"after", None)
    assert rest(place, 100) == b"after"


def test_one_who_stops_is_sent_what_was_said_before() -> None:
    backlog = Backlog()
    place = Place(backlog, "")
    backlog.add(b"before", None)
    place.stop()
    backlog.add(b"after", None)
    place.stop()
    assert rest(place, 100) == b"before"


def test_what_is_sent_at_once_is_bounded() -> None:
    backlog = Backlog()
    place = Place(backlog, "")
    backlog.add(bytes(3 * AT_ONCE), None)
    assert len(place.next()) == AT_ONCE
    place.clear()
    assert place.next() == b""
    many = Place(backlog, "")
    for _ in range(2 * PIECES):
        backlog.add(b"x", None)
    assert len(many.next()) == PIECES + 1


def test_the_cost_is_what_it_takes_in_memory() -> None:
    """Also for pieces of one byte, and for thirty who wait as for one."""
    backlog = Backlog()
    places = [Place(backlog, number) for number in range(30)]
    count = 10_000
    with tracing():
        for _ in range(count):
            backlog.add(bytes(bytearray(b"xy")), None)
        taken = memory()
    cost = count * (2 + OVERHEAD)
    assert [place.size for place in places] == [cost] * 30
    assert taken <= cost


def test_what_nobody_waits_for_is_freed() -> None:
    backlog = Backlog()
    place = Place(backlog, "")
    with tracing():
        for _ in range(20_000):
            backlog.add(b"xy", None)
        most = memory()
        place.clear()
        assert memory() < most / 100
