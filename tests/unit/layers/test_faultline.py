"""One direction of a faulty line: which data arrives, and when."""

from __future__ import annotations

import random

import pytest

from pync.core.fault import UP, parse_fault
from pync.layers.faultline import LEAST_ROOM, MOST_ROOM, Ending, FaultLine, Item
from pync.layers.faulttable import FaultTable

FIN, CLOSE, RST = Ending.FIN, Ending.CLOSE, Ending.RST


def line(*faults: str, seed: int = 1, connection: int = 1) -> FaultLine:
    table = FaultTable([parse_fault(fault) for fault in faults], seed, 0.0)
    return FaultLine(
        table.of(connection, UP, "streams"), lambda one: table.random(one, connection, UP), 0.0
    )


def arrivals(one: FaultLine, until: float = 100.0, now: float = 0.0) -> list[tuple[float, Item]]:
    """Return all data that arrives, with the times, after the last input."""
    arrived = []
    while now <= until:
        arrived += [(round(now, 6), item) for item in one.take(now)]
        next_time = one.next_time(now)
        if next_time is None:
            break
        assert next_time > now
        now = next_time
    return arrived


def test_line_without_faults_delivers_at_once() -> None:
    one = line()
    one.put(b"hello", 1.0)
    one.end(FIN, 1.0)
    assert one.take(1.0) == [b"hello", FIN]
    assert one.next_time(1.0) is None


def test_delay_applies_to_data_and_end() -> None:
    one = line("delay=150ms")
    one.put(b"one", 1.0)
    one.put(b"two", 1.1)
    one.end(RST, 1.1)
    assert one.take(1.1) == []
    assert arrivals(one, now=1.1) == [(1.15, b"one"), (1.25, b"two"), (1.25, RST)]


def test_varying_delay_does_not_reorder() -> None:
    one = line("delay=100ms±100ms")
    sent = [b"%d" % number for number in range(200)]
    for number, piece in enumerate(sent):
        one.put(piece, number / 1000)
    arrived = arrivals(one)
    assert [item for _, item in arrived] == sent
    assert len({at for at, _ in arrived}) > 10


def test_rate_limits_the_sender() -> None:
    one = line("rate=10K")
    assert one.room(0.0) == LEAST_ROOM
    one.put(bytes(LEAST_ROOM), 0.0)
    assert one.room(0.0) == 0
    arrived = arrivals(one)
    assert sum(len(item) for _, item in arrived if isinstance(item, bytes)) == LEAST_ROOM
    assert arrived[-1][0] == pytest.approx(LEAST_ROOM / 10240)
    assert one.room(100.0) == LEAST_ROOM


def test_slice_cuts_data_with_pauses() -> None:
    one = line("slice=2/10ms")
    one.put(b"abcde", 0.0)
    one.end(FIN, 0.0)
    assert arrivals(one) == [(0.0, b"ab"), (0.01, b"cd"), (0.02, b"e"), (0.02, FIN)]


def test_delay_rate_and_slice_combined() -> None:
    one = line("delay=1s", "rate=1K", "slice=512")
    one.put(bytes(1024), 0.0)
    # A slow link returns smaller pieces than requested: data of 50 ms.
    assert arrivals(one)[-1][0] == pytest.approx(2.0)


def test_cut_after_delivers_exactly_so_many_bytes_and_keeps_reading() -> None:
    one = line("cut-after=4")
    one.put(b"abc", 0.0)
    assert one.take(0.0) == [b"abc"]
    one.put(b"def", 0.0)
    assert one.take(0.0) == [b"d", FIN]
    assert one.room(0.0) == MOST_ROOM
    one.put(b"ghi", 0.0)
    one.end(FIN, 0.0)
    assert one.take(0.0) == []


def test_cut_after_0_ends_at_once() -> None:
    assert line("cut-after=0").take(0.0) == [FIN]


def test_reset_after_some_seconds() -> None:
    one = line("reset-after=2s")
    one.put(b"hello", 0.5)
    assert arrivals(one, now=0.5) == [(0.5, b"hello"), (2.0, RST)]


def test_reset_at_eof() -> None:
    one = line("reset-at=eof")
    one.put(b"bye", 0.0)
    one.end(FIN, 0.0)
    assert one.take(0.0) == [b"bye", RST]


def test_drop_fin_still_passes_on_rst() -> None:
    one = line("drop-fin")
    one.end(FIN, 0.0)
    assert one.take(0.0) == []
    one.end(RST, 1.0)
    assert one.take(1.0) == [RST]


def test_no_half_close() -> None:
    one = line("no-half-close")
    one.put(b"bye", 0.0)
    one.end(FIN, 0.0)
    assert one.take(0.0) == [b"bye", CLOSE]


def test_stall_after_stops_reading_until_removed() -> None:
    one = line("stall-after=3")
    one.put(b"abcdef", 0.0)
    one.end(FIN, 0.0)
    assert one.take(0.0) == [b"abc"]
    assert one.room(0.0) == 0
    assert one.next_time(0.0) is None
    one.change([])
    assert one.take(1.0) == [b"def", FIN]


def test_stall_ends_with_its_time_window() -> None:
    one = line("stall-after=0 from=1s to=3s")
    one.put(b"a", 0.0)
    assert one.take(0.0) == [b"a"]
    one.put(b"b", 1.5)
    assert one.take(1.5) == []
    assert one.next_time(1.5) == 3.0
    assert one.take(3.0) == [b"b"]


def test_blackhole_reads_everything_and_delivers_nothing() -> None:
    one = line("blackhole")
    one.put(b"hello", 0.0)
    one.end(FIN, 0.0)
    one.end(RST, 0.0)
    assert one.room(0.0) == MOST_ROOM
    assert arrivals(one) == []


def test_fault_of_the_other_direction_has_no_effect() -> None:
    one = line("down cut-after=0")
    one.put(b"hello", 0.0)
    assert one.take(0.0) == [b"hello"]


@pytest.mark.parametrize("seed", range(5))
def test_same_seed_gives_the_same_result_for_any_segmentation(seed: int) -> None:
    chance = random.Random(seed)
    sent = chance.randbytes(20_000)
    results = set()
    for _ in range(8):
        one = line("corrupt=0.01", "corrupt=0.1%", "reset-after=15000", seed=seed)
        at, arrived = 0, b""
        while at < len(sent):
            size = chance.choice([1, 7, 500, 4096, len(sent)])
            one.put(sent[at : at + size], 0.0)
            at += size
        for item in one.take(0.0):
            if isinstance(item, bytes):
                arrived += item
        results.add(arrived)
    (arrived,) = results
    assert len(arrived) == 15_000
    changed = sum(a != b for a, b in zip(arrived, sent))
    assert 80 < changed < 280  # 165 is expected
    other = line("corrupt=0.01", "corrupt=0.1%", seed=seed, connection=2)
    other.put(sent[:15_000], 0.0)
    assert other.take(0.0) != [arrived]


def test_corrupt_all_or_no_bytes() -> None:
    all_of_them, none = line("corrupt=1"), line("corrupt=0")
    for one in (all_of_them, none):
        one.put(bytes(1000), 0.0)
    (corrupted,) = all_of_them.take(0.0)
    assert isinstance(corrupted, bytes)
    assert 0 not in corrupted
    assert none.take(0.0) == [bytes(1000)]


FAULTS = (
    "delay=20ms±10ms",
    "rate=50K",
    "slice=100",
    "slice=7/1ms",
    "stall-after=1000 from=1s to=2s",
)


@pytest.mark.parametrize("seed", range(40))
def test_lossless_faults_deliver_everything_in_order(seed: int) -> None:
    """With random reads, a random choice of lossless faults, and a reader that is often late."""
    chance = random.Random(seed)
    one = line(*chance.sample(FAULTS, chance.randint(1, 4)), seed=seed)
    sent = chance.randbytes(chance.choice([1, 3000, 30_000]))
    now, at, arrived = 0.0, 0, b""
    ended = False
    for _ in range(100_000):
        room = one.room(now)
        if at < len(sent) and room:
            piece = sent[at : at + min(room, chance.choice([1, 100, 4096]))]
            one.put(piece, now)
            at += len(piece)
        elif at == len(sent) and not ended:
            one.end(FIN, now)
            ended = True
        for item in one.take(now):
            if item is FIN:
                assert arrived == sent
                return
            assert isinstance(item, bytes)
            arrived += item
        next_time = one.next_time(now)
        if next_time is not None and (chance.random() < 0.9 or not room or ended):
            now = next_time
    raise AssertionError(f"only {len(arrived)} of {len(sent)} bytes arrived")


@pytest.mark.parametrize("fault", ["delay=60s", "rate=10", "slice=1/10s"])
def test_removing_a_fault_releases_held_data(fault: str) -> None:
    one = line(fault)
    one.put(b"a" * 100, 0.0)
    one.end(FIN, 0.0)
    one.take(1.0)
    one.change([])
    arrived = one.take(2.0)
    assert arrived[-1] is FIN
    assert set(arrived[:-1]) <= {b"a" * 100, b"a"}
    assert one.is_idle


@pytest.mark.parametrize("fault", ["delay=60s to=5s", "rate=10 to=5s", "slice=1/10s to=5s"])
def test_end_of_the_time_window_releases_held_data(fault: str) -> None:
    one = line(fault)
    one.put(b"a" * 100, 0.0)
    one.end(RST, 0.0)
    assert arrivals(one)[-1] == (5.0, RST)


def test_remaining_faults_apply_to_released_data() -> None:
    one = line("delay=60s", "delay=1s", "rate=100")
    one.put(b"a" * 50, 0.0)
    one.change([fault for fault in one._faults if fault.fault.amount != 60])
    one.put(b"b" * 50, 2.0)
    early = [item for at, item in arrivals(one, now=2.0) if at <= 3.5]
    assert early
    assert all(item == b"a" * len(item) for item in early if isinstance(item, bytes))
    one = line("delay=60s", "delay=1s")
    one.put(b"a", 0.0)
    one.change([fault for fault in one._faults if fault.fault.amount != 1])
    assert arrivals(one, now=2.0) == [(61.0, b"a")]
