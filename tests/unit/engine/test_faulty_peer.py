"""A datagram peer over a bad line whose faults change."""

from __future__ import annotations

from pync.core.fault import parse_fault
from pync.engine.faulty_peer import FaultyPeer
from pync.layers.faulttable import FaultTable
from pync.layers.faultydatagrams import FaultyDatagrams


def passes(line: FaultyDatagrams, data: bytes) -> list[bytes]:
    line.put(data, 0.0)
    return line.take(0.0)


def test_each_direction_has_its_own_current_faults() -> None:
    table = FaultTable([parse_fault("up blackhole"), parse_fault("refuse")], 1, 0.0)
    ended: list[bool] = []
    peer = FaultyPeer(table, 1, lambda: ended.append(True))
    assert (passes(peer.up, b"1"), passes(peer.down, b"2")) == ([], [b"2"])
    table.clear()
    table.add(parse_fault("truncate=1"), 0.0)
    peer.change()
    assert (passes(peer.up, b"12"), passes(peer.down, b"34")) == ([b"1"], [b"3"])
    peer.cut()
    peer.reset()
    assert ended == [True, True]
