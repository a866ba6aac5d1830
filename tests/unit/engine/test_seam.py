"""A filter between the reader and the writer of a flow: what it may do, and the guarantees."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from pync.core.endings import Endings
from pync.core.errors import RelayError
from pync.engine.direction import BROKEN, ENDED
from pync.engine.flow import Flow
from pync.engine.loop import Loop
from pync.engine.pipeline import Pipeline
from pync.engine.relay import Relay
from pync.engine.seam import Writer
from pync.transports.memory import pair

from .test_flow import Drain, Script

RESET = ConnectionResetError(104, "connection reset by peer")


class PassesOn:
    """A filter that changes nothing, and the base of those that do."""

    room = 1 << 18
    writer: Writer

    def __init__(self) -> None:
        self.told: list[object] = []

    def start(self, writer: Writer) -> None:
        self.writer = writer

    def data(self, data: bytes) -> None:
        self.told.append(data)
        self.writer.put(data)

    def end(self) -> None:
        self.told.append("end")
        self.writer.end()

    def failed(self, error: OSError) -> None:
        self.told.append(error)
        self.writer.fail(error)

    def stop(self) -> None:
        self.told.append("stop")


@pytest.fixture
def loop() -> Iterator[Loop]:
    with Loop() as running:
        yield running


def moved(loop: Loop, between: PassesOn, *steps: bytes | Exception) -> tuple[Flow, list[bytes]]:
    source, sink = Script(*steps), Drain()
    flow = Flow(loop, source, sink, lambda: None, between=between)
    flow.start()
    loop.run_while(lambda: not flow.over)
    source.close()
    sink.close()
    assert between.told[-1] == "stop"
    return flow, sink.pieces


def test_filter_gets_all_events_in_order(loop: Loop) -> None:
    between = PassesOn()
    flow, pieces = moved(loop, between, b"one", b"two", b"")
    assert between.told == [b"one", b"two", "end", "stop"]
    assert (pieces, flow.state, flow.moved) == ([b"one", b"two"], ENDED, 6)


def test_filter_gets_the_failure_of_the_source(loop: Loop) -> None:
    between = PassesOn()
    flow, pieces = moved(loop, between, b"one", RESET)
    assert between.told == [b"one", RESET, "stop"]
    assert (pieces, flow.error, flow.failed_end) == ([b"one"], RESET, "source")


class Slices(PassesOn):
    def data(self, data: bytes) -> None:
        self.writer.put(*(data[at : at + 1] for at in range(len(data))))


class Delays(PassesOn):
    def later(self, do: Callable[[], None]) -> None:
        self.writer.call_later(0.01, do)

    def data(self, data: bytes) -> None:
        self.later(lambda: self.writer.put(data))

    def end(self) -> None:
        self.later(self.writer.end)

    def failed(self, error: OSError) -> None:
        self.later(lambda: self.writer.fail(error))


class CutsAfterThree(PassesOn):
    def data(self, data: bytes) -> None:
        self.writer.put(data[:3])
        self.writer.end()


class ResetsAfterThree(PassesOn):
    def data(self, data: bytes) -> None:
        self.writer.put(data[:3])
        self.writer.fail(RESET)


class TurnsFinIntoRst(PassesOn):
    def end(self) -> None:
        self.writer.fail(RESET)


class TurnsRstIntoFin(PassesOn):
    def failed(self, error: OSError) -> None:
        self.writer.end()


@pytest.mark.parametrize(
    ("between", "steps", "pieces", "state", "error"),
    [
        (Slices(), (b"abc", b""), [b"a", b"b", b"c"], ENDED, None),
        (Delays(), (b"abc", b""), [b"abc"], ENDED, None),
        (Delays(), (b"abc", RESET), [b"abc"], BROKEN, RESET),
        (CutsAfterThree(), (b"abcdef",), [b"abc"], ENDED, None),
        (ResetsAfterThree(), (b"abcdef",), [b"abc"], ENDED, RESET),
        (TurnsFinIntoRst(), (b"abc", b""), [b"abc"], BROKEN, RESET),
        (TurnsRstIntoFin(), (b"abc", RESET), [b"abc"], ENDED, None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, PassesOn) else None,
)
def test_filter_can_change_data_and_end(
    loop: Loop,
    between: PassesOn,
    steps: tuple[bytes | Exception, ...],
    pieces: list[bytes],
    state: str,
    error: Exception | None,
) -> None:
    flow, written = moved(loop, between, *steps)
    assert (written, flow.state, flow.error) == (pieces, state, error)


def test_source_is_not_read_while_the_filter_is_full(loop: Loop) -> None:
    class Holds(PassesOn):
        def data(self, data: bytes) -> None:
            assert self.room, "read while the filter was full"
            self.room = 0
            self.writer.call_later(0.01, lambda: self.release(data))

        def release(self, data: bytes) -> None:
            self.room = 1 << 18
            self.writer.put(data)

    flow, pieces = moved(loop, Holds(), b"one", b"two", b"three", b"")
    assert (pieces, flow.state) == ([b"one", b"two", b"three"], ENDED)


def test_read_size_is_limited_by_the_room_of_the_filter(loop: Loop) -> None:
    class Small(PassesOn):
        room = 2

        def data(self, data: bytes) -> None:
            self.room = 0
            self.writer.put(data)
            self.writer.call_later(0.01, self.release)

        def release(self) -> None:
            self.room = 3
            self.writer.look()

    source, sink = Script(b"ab", b"cde", b""), Drain()
    flow = Flow(loop, source, sink, lambda: None, between=Small())
    flow.start()
    loop.run_while(lambda: not flow.over)
    source.close()
    sink.close()
    assert source.sizes == [2, 3, 3]


def test_dropped_eof_leaves_the_direction_open(loop: Loop) -> None:
    class Drops(PassesOn):
        def end(self) -> None:
            pass

    source, sink = Script(b"abc", b""), Drain()
    flow = Flow(loop, source, sink, lambda: None, between=Drops())
    flow.start()
    loop.run_while(lambda: bool(source.steps))
    assert not flow.over
    flow.stop()
    source.close()
    sink.close()
    assert sink.pieces == [b"abc"]


def test_each_direction_of_a_relay_has_its_own_filter(loop: Loop) -> None:
    user, local = pair()
    remote, peer = pair()
    pipeline = Pipeline(sent_filter=Slices(), received_filter=TurnsFinIntoRst())
    assert not pipeline.sends_plainly
    assert not pipeline.receives_plainly
    with user, local, remote, peer:
        running = Relay(loop, local, remote, Endings(on_peer_end="stay"), pipeline)
        running.start()
        user.send(b"abc")
        peer.send(b"answer")
        peer.send_eof()
        loop.run_while(lambda: not running.over)
        assert isinstance(running.failure, RelayError)
        assert running.failure.cause == "connection reset by peer"
        assert user.recv(100) == b"answer"
        assert peer.recv_exactly(3) == b"abc"
