"""One direction of a relay of datagrams: the queue, its order, and dropped datagrams."""

from __future__ import annotations

import errno
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from pync.core.fault import UP, parse_fault
from pync.engine.datagram_flow import MOST_BYTES, MOST_WAITING, DatagramFlow
from pync.engine.loop import Loop
from pync.engine.pace import Rate
from pync.layers.faulttable import FaultTable
from pync.layers.faultydatagrams import FaultyDatagrams

from ...clock import Stopwatch


class Receiver:
    """Accepts ``room`` datagrams, then raises BlockingIOError."""

    def __init__(self) -> None:
        self.room = 0
        self.received: list[bytes] = []
        self.failure: OSError | None = None

    def send(self, data: bytes) -> None:
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        if not self.room:
            raise BlockingIOError
        self.room -= 1
        self.received.append(data)


@pytest.fixture
def loop() -> Iterator[Loop]:
    with Loop() as found:
        yield found


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


Make = Callable[..., DatagramFlow]


@pytest.fixture
def make(loop: Loop, receiver: Receiver) -> Iterator[Make]:
    flows: list[DatagramFlow] = []

    def begin(**words: object) -> DatagramFlow:
        told: dict[str, object] = {"failed": lambda _: None, "roomy": lambda: None, **words}
        flows.append(DatagramFlow(loop, receiver.send, None, **told))  # type: ignore[arg-type]
        return flows[-1]

    yield begin
    for flow in flows:
        flow.stop()
        flow.stop()


def test_datagrams_are_sent_at_once_if_there_is_room(make: Make, receiver: Receiver) -> None:
    receiver.room = 3
    flow = make()
    for data in (b"one", b"", b"three"):
        flow.put(data)
    assert receiver.received == [b"one", b"", b"three"]
    assert flow.moved == 8
    assert not flow.is_held_up


def test_datagrams_are_queued_in_order_if_there_is_no_room(
    loop: Loop, make: Make, receiver: Receiver
) -> None:
    roomy: list[bool] = []
    flow = make(roomy=lambda: roomy.append(True))
    for data in (b"1", b"", b"3"):
        flow.put(data)
    assert flow.is_held_up
    receiver.room = 2
    loop.run_while(lambda: receiver.room > 0)
    assert (receiver.received, roomy) == ([b"1", b""], [])
    flow.put(b"4")
    receiver.room = 9
    loop.run_while(lambda: not roomy)
    assert receiver.received == [b"1", b"", b"3", b"4"]
    assert not flow.is_held_up


def test_queue_is_bounded(loop: Loop, make: Make, receiver: Receiver) -> None:
    done: list[bool] = []
    flow = make(roomy=lambda: done.append(True))
    for number in range(2 * MOST_WAITING):
        flow.put(b"%d" % number)
    receiver.room = 2 * MOST_WAITING
    loop.run_while(lambda: not done)
    assert receiver.received == [b"%d" % number for number in range(MOST_WAITING)]
    receiver.room = 0
    for _ in range(20):
        flow.put(bytes(MOST_BYTES // 8))
    receiver.received.clear()
    receiver.room = 20
    loop.run_while(lambda: len(done) < 2)
    assert len(receiver.received) == 8


def test_datagram_that_cannot_be_sent_is_dropped(make: Make, receiver: Receiver) -> None:
    failures: list[OSError] = []
    flow = make(failed=failures.append)
    receiver.room, receiver.failure = 1, OSError(errno.EMSGSIZE, "too long")
    flow.put(b"long")
    flow.put(b"short")
    assert receiver.received == [b"short"]
    assert [error.errno for error in failures] == [errno.EMSGSIZE]
    assert flow.moved == 5


def test_rate_limit(loop: Loop, make: Make, receiver: Receiver) -> None:
    receiver.room = 10
    flow = make(pace=Rate(10_000.0))
    watch = Stopwatch()
    for _ in range(5):
        flow.put(bytes(1000))
    loop.run_while(lambda: len(receiver.received) < 5)
    assert watch.reached(0.15)


def test_faults_apply_after_the_tap_and_before_the_receiver(
    loop: Loop, make: Make, receiver: Receiver
) -> None:
    table = FaultTable([parse_fault("delay=30ms"), parse_fault("duplicate")], 1, time.monotonic())
    line = FaultyDatagrams(table.of(1, UP, "datagrams"), lambda one: table.random(one, 1, UP))
    receiver.room = 10
    seen: list[bytes] = []
    flow = make(line=line, tap=seen.append)
    watch = Stopwatch()
    for data in (b"1", b"2"):
        flow.put(data)
    assert (seen, receiver.received) == ([b"1", b"2"], [])
    loop.run_while(lambda: len(receiver.received) < 4)
    assert receiver.received == [b"1", b"1", b"2", b"2"]
    assert watch.reached(0.03)


def test_nothing_is_sent_after_stop(loop: Loop, make: Make, receiver: Receiver) -> None:
    flow = make()
    flow.put(b"waits")
    flow.stop()
    receiver.room = 1
    over: list[bool] = []
    loop.call_later(0.1, lambda: over.append(True))
    loop.run_while(lambda: not over)
    assert receiver.received == []


@pytest.mark.skipif(sys.platform == "win32", reason="this system has no Unix sockets")
def test_queue_is_sent_when_the_descriptor_is_writable(loop: Loop) -> None:
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with here, there:
        here.setblocking(False)
        here.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)
        done: list[bool] = []
        sent = [os.urandom(1000) for _ in range(100)]
        flow = DatagramFlow(loop, here.send, here.fileno, lambda _: None, lambda: done.append(True))
        for data in sent:
            flow.put(data)
        assert flow.is_held_up
        received: list[bytes] = []
        loop.watch_reader(there.fileno(), lambda: received.append(there.recv(2000)))
        loop.run_while(lambda: len(received) < len(sent))
        assert (received, done) == (sent, [True])
        flow.put(b"again")
        flow.clear()
        flow.stop()


def test_removing_a_delay_releases_held_datagrams(
    loop: Loop, receiver: Receiver, make: Make
) -> None:
    table = FaultTable([parse_fault("delay=1h")], 1, time.monotonic())
    line = FaultyDatagrams(table.of(1, UP, "datagrams"), lambda one: table.random(one, 1, UP))
    flow = make(line=line)
    receiver.room = 1
    flow.put(b"held")
    assert receiver.received == []
    line.change([])
    assert receiver.received == [b"held"]
