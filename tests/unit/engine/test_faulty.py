"""A connection over a bad line, in a relay."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from pync.core.endings import Endings
from pync.core.fault import parse_fault
from pync.engine.faulty import FaultyConnection
from pync.engine.loop import Loop
from pync.engine.pipeline import Pipeline
from pync.engine.relay import Relay
from pync.layers.faulttable import FaultTable
from pync.transports.conn import Conn
from pync.transports.memory import pair

from ...clock import Stopwatch


class Joined:
    """A client and a server, joined by a relay over a bad line."""

    def __init__(self, loop: Loop, *faults: str) -> None:
        self.loop = loop
        self.watch = Stopwatch()
        self.table = FaultTable([parse_fault(fault) for fault in faults], 1, time.monotonic())
        self.link = FaultyConnection(self.table, 1)
        self.client, near = pair()
        far, self.server = pair()
        pipeline = Pipeline(sent_filter=self.link.up, received_filter=self.link.down)
        self.relay = Relay(loop, near, far, Endings(on_peer_end="stay"), pipeline)
        self.ends = [self.client, near, far, self.server]
        for end in self.ends:
            end.settimeout(0)
        self.relay.start()

    def reads(self, end: Conn) -> bytes:
        """Return everything that this end receives until EOF."""
        received = b""

        def has_ended() -> bool:
            nonlocal received
            try:
                data = end.recv(4096)
            except BlockingIOError:
                return False
            received += data
            return not data

        self.loop.run_while(lambda: not has_ended())
        return received

    def is_over(self) -> bool:
        """Run until the relay is over; return whether it ended without an error."""
        self.loop.run_while(lambda: not self.relay.over)
        return self.relay.failure is None

    def close(self) -> None:
        self.relay.stop()
        for end in self.ends:
            end.close()


#: Joins a client and a server over a line with these faults.
Joins = Callable[..., Joined]


@pytest.fixture
def loop() -> Iterator[Loop]:
    with Loop() as running:
        # Wake the loop regularly, so that the tests can check what has been received.
        def tick() -> None:
            running.call_later(0.005, tick)

        tick()
        yield running


@pytest.fixture
def joins(loop: Loop) -> Iterator[Joins]:
    made: list[Joined] = []

    def join(*faults: str) -> Joined:
        made.append(Joined(loop, *faults))
        return made[-1]

    yield join
    for one in made:
        one.close()


def test_without_faults_both_directions_are_delivered(joins: Joins) -> None:
    one = joins()
    one.client.send(b"question")
    one.client.send_eof()
    assert one.reads(one.server) == b"question"
    one.server.send(b"answer")
    one.server.send_eof()
    assert one.reads(one.client) == b"answer"
    assert one.is_over()


def test_delay_applies_to_data_and_eof(joins: Joins) -> None:
    one = joins("up delay=50ms")
    one.client.send(b"late")
    one.client.send_eof()
    assert one.reads(one.server) == b"late"
    assert one.watch.reached(0.05)


def test_rate_limit(joins: Joins) -> None:
    one = joins("up rate=100K")
    one.client.send(bytes(10_240))
    one.client.send_eof()
    assert one.reads(one.server) == bytes(10_240)
    assert one.watch.reached(0.1)


def test_cut_after_sends_eof_in_one_direction(joins: Joins) -> None:
    one = joins("up cut-after=3")
    one.client.send(b"question")
    assert one.reads(one.server) == b"que"
    one.server.send(b"answer")
    one.server.send_eof()
    assert one.reads(one.client) == b"answer"


@pytest.mark.parametrize("fault", ["up reset-after=3", "down reset-after=0", "up reset-at=eof"])
def test_reset_breaks_the_relay(fault: str, joins: Joins) -> None:
    one = joins(fault)
    one.client.send(b"question")
    one.client.send_eof()
    assert not one.is_over()
    assert "reset" in str(one.relay.failure)


def test_without_half_close_one_eof_ends_both_directions(joins: Joins) -> None:
    one = joins("up no-half-close")
    one.client.send(b"question")
    one.client.send_eof()
    assert one.reads(one.server) == b"question"
    assert one.reads(one.client) == b""
    assert one.is_over()


@pytest.mark.parametrize("fault", ["up drop-fin", "up blackhole"])
def test_lost_eof_does_not_keep_the_relay_open_after_the_other_eof(
    fault: str, joins: Joins
) -> None:
    one = joins(fault)
    one.client.send_eof()
    one.server.send(b"answer")
    one.server.send_eof()
    assert one.reads(one.client) == b"answer"
    assert one.reads(one.server) == b""
    assert one.is_over()


@pytest.mark.parametrize("fault", ["drop-fin", "blackhole"])
@pytest.mark.parametrize("late", [(), ("up delay=30ms",), ("down delay=30ms",)])
def test_relay_ends_when_both_eofs_are_lost(
    fault: str, late: tuple[str, ...], joins: Joins
) -> None:
    one = joins(fault, *late)
    for end in (one.client, one.server):
        end.send(b"last words")
        end.send_eof()
    words = b"" if fault == "blackhole" else b"last words"
    assert one.reads(one.server) == words
    assert one.reads(one.client) == words
    assert one.is_over()


def test_faults_are_added_and_removed_at_run_time(joins: Joins) -> None:
    one = joins()
    number = one.table.add(parse_fault("up stall-after=0"), time.monotonic())
    one.link.change()
    one.client.send(b"question")
    one.client.send_eof()
    one.server.send(b"answer")
    one.server.send_eof()
    assert one.reads(one.client) == b"answer"
    with pytest.raises(BlockingIOError):
        one.server.recv(100)
    one.table.remove(number)
    one.link.change()
    assert one.reads(one.server) == b"question"
    assert one.is_over()


def test_cut_closes_both_directions(joins: Joins) -> None:
    one = joins("delay=1m")
    one.client.send(b"lost")
    one.link.cut()
    assert one.reads(one.server) == b""
    assert one.reads(one.client) == b""
    assert one.is_over()


def test_reset_link(joins: Joins) -> None:
    one = joins()
    one.link.reset()
    assert not one.is_over()
