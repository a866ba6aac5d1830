"""One direction of the datagrams of a peer over a faulty line."""

from __future__ import annotations

from itertools import pairwise

import pytest

from pync.core.fault import UP, parse_fault
from pync.layers.faulttable import FaultTable
from pync.layers.faultydatagrams import REORDER_TIME, ROOM, FaultyDatagrams


def line(*faults: str, seed: int = 1) -> FaultyDatagrams:
    table = FaultTable([parse_fault(fault) for fault in faults], seed, 0.0)
    return FaultyDatagrams(table.of(1, UP, "datagrams"), lambda one: table.random(one, 1, UP))


def transfer(one: FaultyDatagrams, count: int = 1000) -> list[int]:
    """Send ``count`` numbered datagrams; return the numbers of those that arrive."""
    for number in range(count):
        one.put(b"%d" % number, 0.0)
    arrived, now = one.take(0.0), 0.0
    while (at := one.next_time(now)) is not None:
        arrived, now = arrived + one.take(at), at
    return [int(data) for data in arrived]


def test_without_faults_all_datagrams_arrive() -> None:
    assert transfer(line()) == list(range(1000))


def test_loss_is_the_same_for_the_same_seed() -> None:
    arrived = transfer(line("loss=10%"))
    assert 850 < len(arrived) < 950
    assert arrived == sorted(arrived) == transfer(line("loss=10%"))
    assert arrived != transfer(line("loss=10%", seed=2))


def test_duplicate() -> None:
    assert transfer(line("duplicate"), 2) == [0, 0, 1, 1]
    assert 1050 < len(transfer(line("duplicate=10%"))) < 1150


def test_reorder() -> None:
    arrived = transfer(line("reorder=10%"))
    assert sorted(arrived) == list(range(1000))
    assert 60 < sum(a > b for a, b in pairwise(arrived)) < 140


def test_reordered_datagram_waits_for_a_limited_time() -> None:
    one = line("reorder")
    one.put(b"alone", 1.0)
    assert one.take(1.0) == []
    assert one.next_time(1.0) == 1.0 + REORDER_TIME
    assert one.take(1.0 + REORDER_TIME) == [b"alone"]


def test_truncate_corrupt_delay_rate_and_blackhole() -> None:
    one = line("truncate=3")
    one.put(b"abcdef", 0.0)
    assert one.take(0.0) == [b"abc"]
    one = line("corrupt=1")
    one.put(b"abc", 0.0)
    assert one.take(0.0) != [b"abc"]
    one = line("delay=1s", "rate=100")
    one.put(bytes(50), 0.0)
    assert one.next_time(0.0) == pytest.approx(1.5)
    assert one.take(1.6) == [bytes(50)]
    one = line("blackhole")
    one.put(b"abc", 0.0)
    assert one.take(99.0) == []


def test_full_line_drops_datagrams() -> None:
    one = line("delay=1s")
    for _ in range(ROOM // 60_000 + 5):
        one.put(bytes(60_000), 0.0)
    assert len(one.take(1.0)) == ROOM // 60_000
    one.put(b"again", 1.0)
    assert one.take(2.0) == [b"again"]


def test_empty_datagram_is_delivered() -> None:
    one = line("delay=1s")
    one.put(b"", 0.0)
    assert one.take(1.0) == [b""]


def test_removing_delay_and_rate_releases_held_datagrams() -> None:
    one = line("delay=60s", "rate=10")
    for data in (b"a" * 100, b"b" * 100):
        one.put(data, 0.0)
    asked = []
    one.changed = lambda: asked.append(True)
    one.change([])
    assert asked == [True]
    one.put(b"new", 1.0)
    assert one.take(1.0) == [b"a" * 100, b"b" * 100, b"new"]
    assert one.next_time(1.0) is None


def test_end_of_the_time_window_releases_held_datagrams() -> None:
    one = line("delay=60s to=5s")
    one.put(b"a", 0.0)
    assert one.next_time(0.0) == 5.0
    assert one.take(5.0) == [b"a"]
