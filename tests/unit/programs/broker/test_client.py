"""One client of the broker, over a pair of sockets."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest

from pync.core.address import Address
from pync.core.errors import IdleTimeoutError
from pync.engine.loop import Loop
from pync.engine.outbox import TURN
from pync.programs.broker import client as module
from pync.programs.broker.backlog import Backlog
from pync.programs.broker.client import LIMIT, BrokerClient
from pync.transports.conn import StreamConn

from ....systems import only_posix


class RecordedClient:
    """A broker client with recorded callbacks."""

    def __init__(self, idle: float | None = None) -> None:
        ours, self.client = socket.socketpair()
        self.client.settimeout(10)
        self.loop = Loop()
        self.heard: list[bytes] = []
        self.left: list[Exception | None] = []
        self.lagged: list[bool] = []
        self.backlog = Backlog()
        conn = StreamConn(ours, Address("unix", path="here"), Address("unix", path="there"))
        self.member = BrokerClient(
            self.loop,
            conn,
            self.backlog,
            lambda _, data: self.heard.append(data),
            lambda _, error: self.left.append(error),
            lambda member: self.lagged.append(member.lags),
            idle,
        )
        self.member.start()

    def says(self, data: bytes) -> None:
        self.backlog.add(data, None)
        self.member.notice()

    def round(self) -> None:
        self.loop.call_later(0, lambda: None)
        self.loop.run_while(_once())

    def close(self) -> None:
        self.member.close()
        self.client.close()
        self.loop.__exit__(None, None, None)


@pytest.fixture
def recording() -> Iterator[RecordedClient]:
    made = RecordedClient()
    yield made
    made.close()


def test_data_and_end_of_a_client(recording: RecordedClient) -> None:
    recording.client.sendall(b"hello")
    recording.loop.run_while(lambda: not recording.heard)
    recording.client.close()
    recording.loop.run_while(lambda: not recording.left)
    assert (recording.heard, recording.left) == ([b"hello", b""], [None])


def test_client_is_not_read_while_paused(recording: RecordedClient) -> None:
    recording.member.listen(False)
    recording.client.sendall(b"hello")
    rounds: list[int] = []
    recording.loop.call_later(0.05, lambda: rounds.append(1))
    recording.loop.run_while(lambda: not rounds)
    assert recording.heard == []
    recording.member.listen(True)
    recording.loop.run_while(lambda: not recording.heard)
    assert recording.heard == [b"hello"]


@only_posix
def test_waiting_data_is_sent_before_eof(recording: RecordedClient) -> None:
    said = bytes(range(256)) * 16384
    recording.says(said)
    recording.member.take_eof()
    assert recording.lagged == [True]
    got = bytearray()
    while len(got) < len(said):
        recording.round()
        got += recording.client.recv(1 << 20)
    recording.round()
    assert recording.client.recv(1) == b""
    assert bytes(got) == said
    assert recording.lagged == [True, False]
    assert recording.left == []


def test_client_that_does_not_read_is_disconnected_at_the_limit(recording: RecordedClient) -> None:
    piece = bytes(1 << 20)
    for _ in range(LIMIT // len(piece) + 10):
        recording.says(piece)
    assert len(recording.left) == 1
    assert "too slow" in str(recording.left[0])


@only_posix
def test_client_that_does_not_read_is_disconnected_after_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "STALLED", 0.05)
    recording = RecordedClient()
    recording.says(bytes(1 << 22))
    recording.loop.run_while(lambda: not recording.left)
    recording.close()
    assert "took nothing for 0.05 s" in str(recording.left[0])


@only_posix
def test_reading_client_needs_no_timer(recording: RecordedClient) -> None:
    for _ in range(100):
        recording.says(b"x" * 100)
        assert recording.client.recv(200) == b"x" * 100
    assert recording.loop._timers == []


@only_posix
def test_large_backlog_is_sent_in_several_turns(recording: RecordedClient) -> None:
    """A client that starts to read again must not use up the time of the others."""
    recording.client.setblocking(False)
    size = 100
    jammed = 0
    while not recording.member.lags:
        recording.says(bytes(size))
        jammed += size
    got = longest = 0
    while got < jammed:
        before = got
        recording.round()
        while True:
            try:
                got += len(recording.client.recv(1 << 20))
            except BlockingIOError:
                break
        longest = max(longest, got - before)
    # The kernel has buffered some of it before the first turn.
    assert got == jammed
    assert longest < 2 * TURN
    assert recording.left == []


def test_idle_client_is_disconnected() -> None:
    recording = RecordedClient(idle=0.05)
    try:
        recording.loop.run_while(lambda: not recording.left)
        assert isinstance(recording.left[0], IdleTimeoutError)
    finally:
        recording.close()


def _once() -> Callable[[], bool]:
    rounds = iter([True])
    return lambda: next(rounds, False)


class BufferedConn(StreamConn):
    """A connection whose layer has buffered data, so the descriptor is not ready."""

    steps: list[bytes | Exception]

    def pending(self) -> bool:
        return bool(self.steps)

    def _recv(self, size: int) -> bytes:
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step


def test_empty_read_is_repeated_while_data_is_buffered() -> None:
    ours, theirs = socket.socketpair()
    conn = BufferedConn(ours, Address("unix", path="here"), Address("unix", path="there"))
    conn.steps = [BlockingIOError(), b"hello"]
    heard: list[bytes] = []
    with theirs, Loop() as loop:
        member = BrokerClient(
            loop,
            conn,
            Backlog(),
            lambda _, data: heard.append(data),
            lambda *_: None,
            lambda _: None,
            None,
        )
        member.start()
        loop.run_while(lambda: not heard)
        member.close()
    assert heard == [b"hello"]
