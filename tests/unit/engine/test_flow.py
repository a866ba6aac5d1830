"""A flow between scripted ends: each test lists the results of recv and send."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from pync.engine.direction import BROKEN, DRAINING, ENDED, OPEN
from pync.engine.flow import Flow
from pync.engine.loop import Loop
from pync.engine.pace import LineByLine
from pync.engine.pending import BURST, GATHERED, HIGH_WATER, READ, READ_DATAGRAM
from pync.layers.newline import CrlfEncoder


class Script:
    """A source that is always ready and returns these pieces; its descriptor is a ready socket."""

    def __init__(self, *steps: bytes | Exception, datagram: bool = False) -> None:
        self.steps = list(steps)
        self.datagram = datagram
        self.sizes: list[int] = []
        self.ready, self._other = socket.socketpair()
        self._other.send(b"x")

    def read_fds(self) -> tuple[int, ...]:
        return (self.ready.fileno(),)

    def recv(self, size: int) -> bytes:
        self.sizes.append(size)
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    def close(self) -> None:
        self.ready.close()
        self._other.close()


class Drain:
    """A sink that is always ready and accepts the given number of bytes per call."""

    def __init__(self, *limits: int | Exception, datagram: bool = False) -> None:
        self.limits = list(limits)
        self.datagram = datagram
        self.pieces: list[bytes] = []
        self.ready, self._other = socket.socketpair()

    def write_fd(self) -> int:
        return self.ready.fileno()

    def send(self, data: bytes | memoryview) -> int:
        limit = self.limits.pop(0) if self.limits else len(data)
        if isinstance(limit, Exception):
            raise limit
        self.pieces.append(bytes(data[:limit]))
        return len(self.pieces[-1])

    def close(self) -> None:
        self.ready.close()
        self._other.close()


@pytest.fixture
def loop() -> Iterator[Loop]:
    with Loop() as running:
        yield running


def run(loop: Loop, source: Script, sink: Drain, **more: object) -> Flow:
    changes: list[str] = []
    flow = Flow(loop, source, sink, lambda: changes.append("changed"), **more)  # type: ignore[arg-type]
    flow.start()
    loop.run_while(lambda: not flow.over)
    assert changes
    source.close()
    sink.close()
    return flow


def test_data_then_eof(loop: Loop) -> None:
    sink = Drain()
    flow = run(loop, Script(b"hello ", b"world", b""), sink)
    assert (flow.state, flow.error, flow.moved) == (ENDED, None, 11)
    assert sink.pieces == [b"hello ", b"world"]


def test_partial_sends_keep_all_data_in_order(loop: Loop) -> None:
    sink = Drain(1, 2, BlockingIOError(), 1, BlockingIOError(), BlockingIOError())
    flow = run(loop, Script(b"hello", b""), sink)
    assert b"".join(sink.pieces) == b"hello"
    assert (flow.state, flow.moved) == (ENDED, 5)


def test_blocking_io_error_is_not_a_failure(loop: Loop) -> None:
    flow = run(loop, Script(BlockingIOError(), b"a", InterruptedError(), b""), Drain())
    assert (flow.state, flow.moved) == (ENDED, 1)


def test_data_received_before_a_reset_is_delivered(loop: Loop) -> None:
    sink = Drain(BlockingIOError(), 2)
    reset = ConnectionResetError(104, "reset")
    flow = run(loop, Script(b"last words", reset), sink)
    assert b"".join(sink.pieces) == b"last words"
    assert (flow.error, flow.failed_end) == (reset, "source")


def test_broken_sink_breaks_the_flow(loop: Loop) -> None:
    gone = BrokenPipeError(32, "gone")
    flow = run(loop, Script(b"x"), Drain(gone))
    assert (flow.state, flow.error, flow.failed_end) == (BROKEN, gone, "sink")


def test_source_is_not_read_while_the_buffer_is_full(loop: Loop) -> None:
    source = Script(*[bytes(HIGH_WATER // 2)] * 4, b"")
    left: list[int] = []

    class Full(Drain):
        def send(self, data: bytes | memoryview) -> int:
            if self.limits:
                left.append(len(source.steps))
            return super().send(data)

    sink = Full(*[BlockingIOError()] * 50)
    run(loop, source, sink)
    # Two halves fill the buffer; the other two, and EOF, are read when there is room.
    assert min(left) == 3
    assert sum(map(len, sink.pieces)) == 2 * HIGH_WATER


def test_datagram_boundaries_are_kept_and_empty_datagram_is_not_eof(loop: Loop) -> None:
    sink = Drain(1, datagram=True)
    source = Script(b"one", b"", b"two", OSError(111, "refused"), datagram=True)
    flow = run(loop, source, sink)
    # The first datagram was sent partly: its rest would be a separate datagram.
    assert sink.pieces == [b"o", b"two"]
    assert flow.failed_end == "source"


@pytest.mark.parametrize(
    ("source_is", "sink_is", "size"),
    [(False, False, READ), (False, True, READ_DATAGRAM), (True, True, READ)],
)
def test_read_size_for_streams_and_datagrams(
    loop: Loop, source_is: bool, sink_is: bool, size: int
) -> None:
    source = Script(b"", OSError(5, "end"), datagram=source_is)
    run(loop, source, Drain(datagram=sink_is))
    assert source.sizes[0] == size


def test_datagrams_for_a_stream_are_read_in_bursts_and_joined(loop: Loop) -> None:
    sink = Drain(3)
    waiting = [b"%03d" % number for number in range(2 * BURST)]
    source = Script(*waiting, BlockingIOError(), b"", b"last", OSError(111, "end"), datagram=True)
    run(loop, source, sink)
    # Data that the sink did not accept comes before the rest.
    burst = 3 * BURST
    assert sink.pieces == [
        waiting[0],
        b"".join(waiting)[3:burst],
        b"".join(waiting)[burst:],
        b"last",
    ]


def test_sink_that_keeps_datagrams_apart_gets_them_one_by_one(loop: Loop) -> None:
    class Answering(Drain):
        keeps_apart = True

    sink, turns = Answering(), []
    source = Script(b"one", b"two", OSError(111, "end"), datagram=True)
    other = Script()
    loop.watch_reader(other.ready.fileno(), lambda: turns.append(len(sink.pieces)))
    run(loop, source, sink)
    assert sink.pieces == [b"one", b"two"]
    assert 1 in turns
    other.close()


def test_size_of_joined_datagrams_is_bounded(loop: Loop) -> None:
    sink = Drain()
    large = [bytes([number]) * (GATHERED // 2) for number in range(3)]
    run(loop, Script(*large, OSError(111, "end"), datagram=True), sink)
    assert sink.pieces == [large[0] + large[1], large[2]]


def test_fast_datagram_source_does_not_starve_other_flows(loop: Loop) -> None:
    """Another flow gets its turn after every burst."""
    turns: list[int] = []
    source = Script(*[b"x"] * (3 * BURST), OSError(111, "end"), datagram=True)
    other = Script()
    loop.watch_reader(other.ready.fileno(), lambda: turns.append(len(source.steps)))
    run(loop, source, Drain())
    assert {left // BURST for left in turns} >= {2, 1}
    other.close()


def test_datagrams_for_a_datagram_sink_are_not_joined(loop: Loop) -> None:
    sink = Drain(datagram=True)
    run(loop, Script(b"one", b"two", OSError(111, "end"), datagram=True), sink)
    assert sink.pieces == [b"one", b"two"]


def test_conversion(loop: Loop) -> None:
    sink = Drain()
    run(loop, Script(b"a\r", b"\nb\n", b""), sink, convert=CrlfEncoder().encode)
    assert b"".join(sink.pieces) == b"a\r\nb\r\n"


def test_line_by_line_pace_sends_single_lines(loop: Loop) -> None:
    sink = Drain()
    run(loop, Script(b"a\nb\rc\n", b"d", b""), sink, pace=LineByLine(0.001))
    assert sink.pieces == [b"a\n", b"b\rc\n", b"d"]


def test_end_source(loop: Loop) -> None:
    source, sink = Script(BlockingIOError()), Drain()
    flow = Flow(loop, source, sink, lambda: None)
    flow.start()
    assert (flow.state, flow.waits_for_source) == (OPEN, True)
    flow.end_source()
    flow.end_source()
    assert flow.state == ENDED
    source.close()
    sink.close()


def test_stop_moves_no_more_data(loop: Loop) -> None:
    source, sink = Script(b"x"), Drain(BlockingIOError())
    flow = Flow(loop, source, sink, lambda: None)
    flow.start()
    loop.run_while(lambda: bool(source.steps))
    assert not flow.waits_for_source
    flow.stop()
    flow.stop()
    assert (flow.state, flow.moved, sink.pieces) == (BROKEN, 0, [])
    source.close()
    sink.close()


class Fast:
    """A fast path with scripted results."""

    holds = ended = layered = False

    def __init__(self, *steps: int | Exception | None, leftover: bytes = b"") -> None:
        self.steps = list(steps)
        self._leftover = leftover
        self.closed = 0

    def move(self) -> int | None:
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    def fault(self, error: OSError) -> str:
        return "source" if error.errno == 104 else "sink"

    def leftover(self) -> bytes:
        left, self._leftover = self._leftover, b""
        return left

    def close(self) -> None:
        self.closed += 1


def test_fallback_to_the_slow_path(loop: Loop) -> None:
    sink, fast = Drain(), Fast(10, BlockingIOError(), 5, None, leftover=b"left")
    flow = run(loop, Script(b"slow", b""), sink, mover=fast)
    assert sink.pieces == [b"left", b"slow"]
    assert (flow.state, flow.moved, fast.closed) == (ENDED, 15 + 8, 1)


def test_eof_on_the_fast_path_is_confirmed_by_the_source(loop: Loop) -> None:
    source = Script(b"")
    flow = run(loop, source, Drain(), mover=Fast(10, 0))
    assert (flow.state, source.steps) == (ENDED, [])


def test_reset_on_the_fast_path_is_not_eof(loop: Loop) -> None:
    sink, reset = Drain(), ConnectionResetError(104, "reset")
    flow = run(loop, Script(), sink, mover=Fast(1, reset, leftover=b"last"))
    assert sink.pieces == [b"last"]
    assert (flow.error, flow.failed_end) == (reset, "source")


def test_draining_state_is_reported(loop: Loop) -> None:
    source, sink = Script(b"x", b""), Drain(*[BlockingIOError()] * 3)
    seen: list[str] = []
    flow = Flow(loop, source, sink, lambda: seen.append(flow.state))
    flow.start()
    loop.run_while(lambda: not flow.over)
    assert [*dict.fromkeys(seen)] == [OPEN, DRAINING, ENDED]
    source.close()
    sink.close()


class Holding(Script):
    """A source that buffers bytes, as TLS does: the descriptor does not show them."""

    def __init__(self, *steps: bytes | Exception) -> None:
        super().__init__(*steps)
        self._other.close()
        self._idle, self._quiet = socket.socketpair()

    def read_fds(self) -> tuple[int, ...]:
        return (self._idle.fileno(),)

    def pending(self) -> bool:
        return bool(self.steps)

    def close(self) -> None:
        super().close()
        self._idle.close()
        self._quiet.close()


def test_data_buffered_by_the_source_is_read_without_waiting() -> None:
    # An empty read does not mean that the buffer is empty: it may have contained commands.
    source, sink = Holding(b"a" * HIGH_WATER, BlockingIOError(), b"b", b""), Drain(3)
    with Loop() as loop:
        flow = Flow(loop, source, sink, lambda: None)
        flow.start()
        loop.run_while(lambda: not flow.over)
    assert b"".join(sink.pieces) == b"a" * HIGH_WATER + b"b"
    assert flow.state == ENDED
    source.close()
    sink.close()


def test_tap_sees_converted_data() -> None:
    seen: list[bytes] = []
    source, sink = Script(b"a\n", b""), Drain()
    with Loop() as loop:
        flow = Flow(loop, source, sink, lambda: None, convert=CrlfEncoder().encode, tap=seen.append)
        flow.start()
        loop.run_while(lambda: not flow.over)
    assert seen == sink.pieces == [b"a\r\n"]
    source.close()
    sink.close()
