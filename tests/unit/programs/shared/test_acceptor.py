"""The acceptor: how many at once, --accept-timeout, and no busy loop without descriptors."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from pync.core.address import Address
from pync.core.errors import ListenError
from pync.core.events import Denied, Event
from pync.engine.loop import Loop
from pync.programs.shared import acceptor
from pync.programs.shared.acceptor import Acceptor
from pync.programs.shared.listening import ListenSetup
from pync.transports import listen
from pync.transports.conn import Conn
from pync.transports.listener import Listener

HERE = Address("tcp", "127.0.0.1", "0")


class House:
    """An acceptor with its listener, and the clients that it has accepted."""

    def __init__(self, loop: Loop, listener: Listener, setup: ListenSetup) -> None:
        self.loop = loop
        self.inside: list[Conn] = []
        self.told: list[Event] = []
        self.listener = listener
        self.acceptor = Acceptor(loop, setup, listener, self.told.append, self.inside.append)

    def dial(self) -> socket.socket:
        address = self.listener.address
        return socket.create_connection((address.host, address.port), 10)

    def leaves(self) -> None:
        self.inside.pop().close()
        self.acceptor.left()


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listen(HERE) as listening:
        yield listening


@pytest.fixture
def loop() -> Iterator[Loop]:
    with Loop() as running:
        yield running


def test_only_so_many_at_once(loop: Loop, listener: Listener) -> None:
    house = House(loop, listener, ListenSetup(HERE, max_conns=1))
    house.acceptor.open()
    with house.dial(), house.dial() as second:
        loop.run_while(lambda: not house.told)
        assert len(house.inside) == 1
        assert isinstance(house.told[0], Denied)
        assert second.recv(1) == b""
        house.leaves()
        with house.dial():
            loop.run_while(lambda: not house.inside)
            house.leaves()
    house.acceptor.close()


def test_when_nobody_comes_in_time(loop: Loop, listener: Listener) -> None:
    house = House(loop, listener, ListenSetup(HERE, accept_timeout=0.01))
    house.acceptor.open()
    with pytest.raises(ListenError, match="timed out"):
        loop.run_while(lambda: True)


def test_who_is_inside_may_stay_longer(loop: Loop, listener: Listener) -> None:
    house = House(loop, listener, ListenSetup(HERE, accept_timeout=0.05))
    house.acceptor.open()
    over: list[bool] = []
    with house.dial():
        loop.run_while(lambda: not house.inside)
        loop.call_later(0.1, lambda: over.append(True))
        loop.run_while(lambda: not over)
        house.leaves()
    with pytest.raises(ListenError, match="timed out"):
        loop.run_while(lambda: True)
    house.acceptor.close()


def test_out_of_descriptors_it_waits(
    loop: Loop, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[None] = []
    real = listener.take_nowait

    def scarce() -> Conn | None:
        tries.append(None)
        if len(tries) < 4:
            raise OSError(errno.EMFILE, "Too many open files")
        return real()

    monkeypatch.setattr(acceptor, "EXHAUSTED_PAUSE", 0.001)
    monkeypatch.setattr(listener, "take_nowait", scarce)
    house = House(loop, listener, ListenSetup(HERE))
    house.acceptor.open()
    with house.dial():
        loop.run_while(lambda: not house.inside)
        house.leaves()
    # One attempt per pause: there is no busy loop.
    assert len(tries) <= 6
    house.acceptor.close()


def test_one_client_costs_one_call(
    loop: Loop, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To ask for another one would be a system call that fails, for every client."""
    tries: list[None] = []
    real = listener.take_nowait

    def counted() -> Conn | None:
        tries.append(None)
        return real()

    monkeypatch.setattr(listener, "take_nowait", counted)
    house = House(loop, listener, ListenSetup(HERE))
    house.acceptor.open()
    for _ in range(3):
        with house.dial():
            loop.run_while(lambda: not house.inside)
            house.leaves()
            # A round without a client: somebody else is served.
            loop.call_in_turn(lambda: None)
            loop.run_while(lambda: bool(loop._in_turn))
    assert len(tries) == 3
    house.acceptor.close()


def test_a_listener_with_a_queue_is_asked_until_nobody_is_left(
    loop: Loop, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe's listener makes its next instance in that call; until then nobody can connect."""
    told: list[Conn | None] = []
    real = listener.take_nowait

    def noted() -> Conn | None:
        told.append(real())
        return told[-1]

    monkeypatch.setattr(listener, "take_nowait", noted)
    monkeypatch.setattr(listener, "has_queue", True)
    house = House(loop, listener, ListenSetup(HERE))
    house.acceptor.open()
    with house.dial():
        loop.run_while(lambda: not house.inside)
    assert told[-1] is None
    assert len(told) == 2
    house.leaves()
    house.acceptor.close()


def test_a_queue_is_accepted_in_a_few_rounds(loop: Loop, listener: Listener) -> None:
    house = House(loop, listener, ListenSetup(HERE))
    house.acceptor.open()
    count = acceptor.AT_ONCE + 6
    with ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(house.dial())
        loop.run_while(lambda: len(house.inside) < count)
        assert loop.rounds < count / 2
        while house.inside:
            house.leaves()
    house.acceptor.close()


def test_any_other_failure_comes_out(
    loop: Loop, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Conn | None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(listener, "take_nowait", broken)
    house = House(loop, listener, ListenSetup(HERE))
    house.acceptor.open()
    with house.dial(), pytest.raises(OSError, match="Invalid"):
        loop.run_while(lambda: True)


def test_closing_twice_is_closing(loop: Loop, listener: Listener) -> None:
    house = House(loop, listener, ListenSetup(HERE, accept_timeout=10))
    house.acceptor.open()
    house.acceptor.close()
    listener.close()
    house.acceptor.close()
