"""The active faults, and which of them apply to a connection."""

from __future__ import annotations

import pytest

from pync.core.fault import DOWN, UP, parse_fault
from pync.layers.faulttable import FaultTable


def table(*faults: str, seed: int = 1) -> FaultTable:
    return FaultTable([parse_fault(fault) for fault in faults], seed, 0.0)


def names(one: FaultTable, way: str, place: str = "streams") -> list[str]:
    return [on.fault.name for on in one.of(1, way, place)]


def test_faults_of_a_direction_are_in_order() -> None:
    one = table("delay=1s", "up slice=1", "down drop-fin", "refuse")
    assert names(one, UP) == ["delay", "slice"]
    assert names(one, DOWN) == ["delay", "drop-fin"]
    assert names(one, UP, "connections") == ["refuse"]


def test_same_seed_selects_the_same_connections() -> None:
    hit = [n for n in range(1000) if table("blackhole share=20%").of(n, UP, "streams")]
    again = [n for n in range(1000) if table("blackhole share=20%").of(n, UP, "streams")]
    other = [n for n in range(1000) if table("blackhole share=20%", seed=2).of(n, UP, "streams")]
    assert hit == again != other
    assert 140 < len(hit) < 260


def test_share_selects_connections_for_both_directions() -> None:
    one = table("blackhole share=50%")
    assert all(
        bool(one.of(n, UP, "streams")) == bool(one.of(n, DOWN, "streams")) for n in range(50)
    )


def test_refuse_applies_to_a_share_of_clients_in_the_time_window() -> None:
    one = table("refuse=30% from=1s")
    refused = [one.refuses(n, 2.0) for n in range(1000)]
    assert 220 < sum(refused) < 380
    assert not any(one.refuses(n, 0.5) for n in range(1000))


def test_add_and_remove_faults() -> None:
    one, told = table(), []
    one.changed = lambda: told.append(len(list(one)))
    assert not one
    first = one.add(parse_fault("delay=1s"), 5.0)
    second = one.add(parse_fault("drop-fin"), 6.0)
    assert [(on.number, on.at) for on in one] == [(first, 5.0), (second, 6.0)]
    assert one.remove(first).name == "delay"
    with pytest.raises(KeyError):
        one.remove(first)
    one.clear()
    assert not one
    assert told == [1, 2, 1, 0]
    assert one.add(parse_fault("drop-fin"), 7.0) not in (first, second)
