"""The shared queue for the clients of a broker: its order and its memory use."""

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
    """Return the bytes allocated by the backlog and these tests. (Other threads allocate too.)"""
    files = [tracemalloc.Filter(True, name) for name in (module.__file__, __file__)]
    found = tracemalloc.take_snapshot().filter_traces(files)
    return sum(one.size for one in found.statistics("filename"))


def rest(place: Place, step: int) -> bytes:
    """Return all waiting data, taken in steps of at most so many bytes."""
    got = b""
    while data := place.next():
        sent = bytes(data[:step])
        got += sent
        place.sent(len(sent))
    return got


@pytest.mark.parametrize("step", [1, 2, 3, 5, AT_ONCE])
def test_client_gets_all_data_except_its_own(step: int) -> None:
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


def test_new_client_gets_only_later_data() -> None:
    backlog = Backlog()
    backlog.add(b"before", None)
    place = Place(backlog, "")
    backlog.add(b"after", None)
    assert rest(place, 100) == b"after"


def test_stopped_client_gets_only_earlier_data() -> None:
    backlog = Backlog()
    place = Place(backlog, "")
    backlog.add(b"before", None)
    place.stop()
    backlog.add(b"after", None)
    place.stop()
    assert rest(place, 100) == b"before"


def test_size_of_one_send_is_bounded() -> None:
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


def test_size_is_the_memory_used() -> None:
    """Also for tiny pieces, and for thirty waiting clients as for one."""
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


def test_data_that_nobody_waits_for_is_freed() -> None:
    backlog = Backlog()
    place = Place(backlog, "")
    with tracing():
        for _ in range(20_000):
            backlog.add(b"xy", None)
        most = memory()
        place.clear()
        assert memory() < most / 100
