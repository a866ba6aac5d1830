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


class Room:
    """What a member tells of itself."""

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
def room() -> Iterator[Room]:
    made = Room()
    yield made
    made.close()


def test_it_is_heard_until_it_ends(room: Room) -> None:
    room.client.sendall(b"hello")
    room.loop.run_while(lambda: not room.heard)
    room.client.close()
    room.loop.run_while(lambda: not room.left)
    assert (room.heard, room.left) == ([b"hello", b""], [None])


def test_nothing_is_heard_while_nobody_listens(room: Room) -> None:
    room.member.listen(False)
    room.client.sendall(b"hello")
    rounds: list[int] = []
    room.loop.call_later(0.05, lambda: rounds.append(1))
    room.loop.run_while(lambda: not rounds)
    assert room.heard == []
    room.member.listen(True)
    room.loop.run_while(lambda: not room.heard)
    assert room.heard == [b"hello"]


@only_posix
def test_what_waits_is_sent_before_its_end(room: Room) -> None:
    said = bytes(range(256)) * 16384
    room.says(said)
    room.member.take_eof()
    assert room.lagged == [True]
    got = bytearray()
    while len(got) < len(said):
        room.round()
        got += room.client.recv(1 << 20)
    room.round()
    assert room.client.recv(1) == b""
    assert bytes(got) == said
    assert room.lagged == [True, False]
    assert room.left == []


def test_one_who_takes_nothing_has_to_leave(room: Room) -> None:
    piece = bytes(1 << 20)
    for _ in range(LIMIT // len(piece) + 10):
        room.says(piece)
    assert len(room.left) == 1
    assert "too slow" in str(room.left[0])


@only_posix
def test_one_who_takes_nothing_for_long_has_to_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STALLED", 0.05)
    room = Room()
    room.says(bytes(1 << 22))
    room.loop.run_while(lambda: not room.left)
    room.close()
    assert "took nothing for 0.05 s" in str(room.left[0])


@only_posix
def test_one_who_takes_what_it_is_sent_costs_no_timer(room: Room) -> None:
    for _ in range(100):
        room.says(b"x" * 100)
        assert room.client.recv(200) == b"x" * 100
    assert room.loop._timers == []


@only_posix
def test_much_that_waits_is_sent_in_turns(room: Room) -> None:
    """A client that reads at last is sent no more at a time than leaves the others theirs."""
    room.client.setblocking(False)
    size = 100
    jammed = 0
    while not room.member.lags:
        room.says(bytes(size))
        jammed += size
    got = longest = 0
    while got < jammed:
        before = got
        room.round()
        while True:
            try:
                got += len(room.client.recv(1 << 20))
            except BlockingIOError:
                break
        longest = max(longest, got - before)
    # The kernel holds some already when the first turn comes.
    assert got == jammed
    assert longest < 2 * TURN
    assert room.left == []


def test_one_who_is_silent_has_to_leave() -> None:
    room = Room(idle=0.05)
    try:
        room.loop.run_while(lambda: not room.left)
        assert isinstance(room.left[0], IdleTimeoutError)
    finally:
        room.close()


def _once() -> Callable[[], bool]:
    rounds = iter([True])
    return lambda: next(rounds, False)


class Held(StreamConn):
    """A connection whose layer holds these already: the descriptor tells nothing."""

    steps: list[bytes | Exception]

    def pending(self) -> bool:
        return bool(self.steps)

    def _recv(self, size: int) -> bytes:
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step


def test_a_read_that_gives_nothing_is_followed_by_the_next_while_more_is_held() -> None:
    ours, theirs = socket.socketpair()
    conn = Held(ours, Address("unix", path="here"), Address("unix", path="there"))
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
