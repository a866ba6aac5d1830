"""The data that waits for a sink: sent in order, as the sink accepts it, until EOF or an error."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator

import pytest

from pync.core.address import Address
from pync.engine.loop import Loop
from pync.engine.outbox import HIGH_WATER, TURN, Outbox
from pync.layers.sendbuffer import SendBuffer
from pync.transports.conn import StreamConn
from pync.transports.stdio import Stdio

from ...systems import only_posix

ERROR = BrokenPipeError("gone")


class Sink:
    """Accepts the given numbers of bytes, or raises. Its descriptor is always writable."""

    datagram = False

    def __init__(self, *does: int | BaseException) -> None:
        self.does: list[int | BaseException] = list(does)
        self.got: list[bytes] = []
        self.when_sending: Callable[[], None] = lambda: None
        self._a, self._b = socket.socketpair()

    def write_fd(self) -> int:
        return self._a.fileno()

    def send(self, data: bytes | memoryview) -> int:
        self.when_sending()
        return self._take(data)

    def send_eof(self) -> None:
        self._take(b"EOF")

    def _take(self, data: bytes | memoryview) -> int:
        step = self.does.pop(0) if self.does else len(data)
        if isinstance(step, BaseException):
            raise step
        self.got.append(bytes(data[:step]))
        return min(step, len(data))

    def close(self) -> None:
        self._a.close()
        self._b.close()


class OutboxFixture:
    """An outbox with recorded callbacks."""

    def __init__(self, sink: Sink, high_water: int, low_water: int | None) -> None:
        self.loop = Loop()
        self.sink = sink
        self.said: list[object] = []
        self.outbox = Outbox(
            self.loop,
            sink,
            self.said.append,
            lambda: self.said.append("sent"),
            high_water=high_water,
            low_water=low_water,
        )

    def round(self) -> None:
        self.loop.call_later(0, lambda: None)
        self.loop.run_while(iter([True, False]).__next__)

    @property
    def watched(self) -> bool:
        return self.sink.write_fd() in self.loop._writers


@pytest.fixture
def table() -> Iterator[Callable[..., OutboxFixture]]:
    made: list[OutboxFixture] = []

    def make(
        *does: int | BaseException, high_water: int = HIGH_WATER, low_water: int | None = None
    ) -> OutboxFixture:
        made.append(OutboxFixture(Sink(*does), high_water, low_water))
        return made[-1]

    yield make
    for one in made:
        one.outbox.stop()
        one.sink.close()
        one.loop.__exit__(None, None, None)


Make = Callable[..., OutboxFixture]


def test_data_is_sent_at_once(table: Make) -> None:
    one = table()
    one.outbox.put(b"hello")
    assert (one.sink.got, one.watched, one.said) == ([b"hello"], False, [])


def test_partial_send_continues_with_the_rest(table: Make) -> None:
    one = table(2, 1)
    one.outbox.put(b"hello")
    assert one.sink.got == [b"he", b"l", b"lo"]


@pytest.mark.parametrize("busy", [BlockingIOError(), InterruptedError()])
def test_busy_sink_is_waited_for(table: Make, busy: Exception) -> None:
    one = table(2, busy, 1, busy)
    one.outbox.put(b"hello")
    assert (one.outbox.size, one.outbox.waits, one.watched) == (3, True, True)
    one.outbox.put(b"!")
    assert one.sink.got == [b"he"]  # no send is tried while it waits for the sink
    one.round()
    assert (one.sink.got, one.said, one.watched) == ([b"he", b"l"], ["sent"], True)
    one.round()
    assert b"".join(one.sink.got) == b"hello!"
    assert (one.said, one.watched, one.outbox.waits) == (["sent", "sent"], False, False)


def test_eof_is_sent_after_waiting_data(table: Make) -> None:
    one = table(BlockingIOError())
    one.outbox.put(b"hello")
    one.outbox.put_eof()
    one.outbox.put(b"!")
    assert not one.outbox.over
    one.round()
    assert one.sink.got == [b"hello", b"!", b"EOF"]
    assert (one.outbox.eof_sent, one.outbox.over, one.said) == (True, True, ["sent"])


def test_eof_is_sent_once_after_waiting(table: Make) -> None:
    one = table(5, BlockingIOError())
    one.outbox.put(b"hello")
    one.outbox.put_eof()
    assert (one.outbox.eof_sent, one.watched) == (False, True)
    one.round()
    one.outbox.put_eof()
    one.outbox.put(b"late")
    one.round()
    assert one.sink.got == [b"hello", b"EOF"]
    assert (one.outbox.eof_sent, one.watched) == (True, False)


def test_error_drops_the_rest(table: Make) -> None:
    one = table(2, ERROR)
    one.outbox.put(b"hello")
    one.outbox.put(b"more")
    one.outbox.put_eof()
    assert (one.said, one.outbox.size, one.outbox.over) == ([ERROR], 0, True)
    assert (one.sink.got, one.outbox.eof_sent, one.watched) == ([b"he"], False, False)


def test_late_error_is_reported_once(table: Make) -> None:
    one = table(BlockingIOError(), ERROR)
    one.outbox.put(b"hello")
    one.round()
    one.round()
    assert (one.said, one.watched) == ([ERROR], False)


def test_error_of_eof(table: Make) -> None:
    one = table(ERROR)
    one.outbox.put_eof()
    assert (one.said, one.outbox.eof_sent) == ([ERROR], False)


def test_exception_in_the_error_callback_propagates(table: Make) -> None:
    def fail(error: OSError) -> None:
        raise ValueError(error)

    one = table(ERROR)
    outbox = Outbox(one.loop, one.sink, fail)
    with pytest.raises(ValueError, match="gone"):
        outbox.put(b"hello")
    outbox.put(b"more")
    assert outbox.over


def test_stop_sends_nothing_and_calls_no_callback(table: Make) -> None:
    one = table(BlockingIOError())
    one.outbox.put(b"hello")
    one.outbox.stop()
    one.outbox.stop()
    one.outbox.put(b"more")
    one.outbox.put_eof()
    one.outbox.fail(ERROR)
    one.round()
    assert (one.sink.got, one.said, one.watched, one.outbox.size) == ([], [], False, 0)


def test_stop_after_the_sink_was_closed(table: Make) -> None:
    one = table(BlockingIOError())
    one.outbox.put(b"hello")
    descriptor = one.sink.write_fd()
    one.sink.close()
    one.outbox.stop()
    assert descriptor not in one.loop._writers


# Callbacks that use the outbox.


def test_put_in_the_sent_callback(table: Make) -> None:
    one = table(BlockingIOError())
    more = [b"2", b"3"]

    def put_more() -> None:
        outbox.put(more.pop(0))

    outbox = Outbox(one.loop, one.sink, one.said.append, put_more)
    outbox.put(b"1")
    for _ in range(3):
        one.round()
    assert one.sink.got == [b"1", b"2"]
    assert more == [b"3"]  # data that is sent at once calls no callback


def test_stop_in_the_sent_callback(table: Make) -> None:
    one = table(BlockingIOError(), 1, BlockingIOError())

    def stop() -> None:
        outbox.stop()

    outbox = Outbox(one.loop, one.sink, one.said.append, stop)
    outbox.put(b"hello")
    one.round()
    one.round()
    assert (one.sink.got, outbox.over, one.watched) == ([b"h"], True, False)


def test_put_in_the_error_callback_is_dropped(table: Make) -> None:
    one = table(ERROR)
    outbox = Outbox(one.loop, one.sink, lambda _error: outbox.put(b"sorry"))
    outbox.put(b"hello")
    assert (one.sink.got, outbox.size) == ([], 0)


def test_put_during_a_send(table: Make) -> None:
    one = table(2)
    said = [b"!"]

    def say() -> None:
        while said:
            one.outbox.put(said.pop())

    one.sink.when_sending = say
    one.outbox.put(b"hello")
    assert b"".join(one.sink.got) == b"hello!"


def test_stop_during_a_send(table: Make) -> None:
    one = table()
    one.sink.when_sending = one.outbox.stop
    one.outbox.put(b"hello")
    one.outbox.put_eof()
    assert (one.sink.got, one.outbox.eof_sent, one.watched) == ([b"hello"], False, False)


def test_keyboard_interrupt_loses_no_data(table: Make) -> None:
    """The exception of a signal propagates, and the outbox can be used afterwards."""
    one = table(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        one.outbox.put(b"hello")
    one.outbox.put_eof()
    assert one.sink.got == [b"hello", b"EOF"]


# The amount of waiting data, and fairness.


def test_is_full_between_the_high_and_the_low_water_mark(table: Make) -> None:
    busy = BlockingIOError()
    one = table(busy, 3, busy, 3, busy, high_water=8, low_water=4)
    one.outbox.put(b"12345678")
    assert not one.outbox.is_full
    one.outbox.put(b"9")
    assert one.outbox.is_full
    one.round()
    assert (one.outbox.size, one.outbox.is_full) == (6, True)
    one.round()
    assert (one.outbox.size, one.outbox.is_full) == (3, False)


def test_large_data_is_sent_in_several_turns(table: Make) -> None:
    one = table(TURN // 2, TURN // 2)
    one.outbox.put(bytes(TURN + 1))
    assert one.outbox.size == 1
    one.round()
    assert one.outbox.size == 0


def test_two_loops_share_one_queue(table: Make) -> None:
    one = table(BlockingIOError(), BlockingIOError())
    queue = SendBuffer()
    first = Outbox(one.loop, one.sink, one.said.append, queue=queue)
    first.put(b"hello")
    with Loop() as own:
        second = Outbox(own, one.sink, one.said.append, queue=queue)
        second.flush()
        own.run_while(lambda: bool(queue))
    one.round()
    assert (one.sink.got, one.watched) == ([b"hello"], False)


# Over real descriptors.


def raises(error: OSError) -> None:
    raise error


def test_data_and_eof_over_a_socket() -> None:
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    here = Address("unix", path="here")
    data, got = bytes(range(256)) * (1 << 13), bytearray()
    with Loop() as loop, theirs, StreamConn(ours, here, here) as conn:
        conn.settimeout(0)
        outbox = Outbox(loop, conn, raises)
        outbox.put(data)
        outbox.put_eof()

        def read() -> None:
            piece = theirs.recv(1 << 16)
            got.extend(piece)
            if not piece:
                loop.watch_reader(theirs.fileno(), None)
                ended.append(True)

        ended: list[bool] = []
        loop.watch_reader(theirs.fileno(), read)
        loop.run_while(lambda: not ended)
        assert outbox.eof_sent
    assert bytes(got) == data


@only_posix
def test_closed_reader_is_reported_if_watched() -> None:
    out, into = os.pipe()
    told: list[str] = []
    with Loop() as loop, Stdio(None, into) as stdio:
        outbox = Outbox(loop, stdio, raises, reader_left=lambda: told.append("left"))
        os.close(out)
        loop.run_while(lambda: not told)
        assert outbox.reader_gone
        outbox.stop()
    os.close(into)
