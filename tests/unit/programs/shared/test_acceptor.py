"""The acceptor: how many at once, --accept-timeout, and no busy loop without descriptors."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from pync.core.address import Address
from pync.core.errors import ListenError
from pync.core.events import Event
from pync.core.server_events import Denied
from pync.engine.loop import Loop
from pync.programs.shared import acceptor
from pync.programs.shared.acceptor import Acceptor
from pync.programs.shared.listening import ListenSetup
from pync.transports import listen
from pync.transports.conn import Conn
from pync.transports.listener import Listener

HERE = Address("tcp", "127.0.0.1", "0")


class AcceptorFixture:
    """An acceptor, its listener, and the accepted clients."""

    def __init__(self, loop: Loop, listener: Listener, setup: ListenSetup) -> None:
        self.loop = loop
        self.accepted: list[Conn] = []
        self.told: list[Event] = []
        self.listener = listener
        self.acceptor = Acceptor(loop, setup, listener, self.told.append, self.accepted.append)

    def dial(self) -> socket.socket:
        address = self.listener.address
        return socket.create_connection((address.host, address.port), 10)

    def leaves(self) -> None:
        self.accepted.pop().close()
        self.acceptor.left()


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listen(HERE) as listening:
        yield listening


@pytest.fixture
def loop() -> Iterator[Loop]:
    with Loop() as running:
        yield running


def test_max_conns(loop: Loop, listener: Listener) -> None:
    under_test = AcceptorFixture(loop, listener, ListenSetup(HERE, max_conns=1))
    under_test.acceptor.open()
    with under_test.dial(), under_test.dial() as second:
        loop.run_while(lambda: not under_test.told)
        assert len(under_test.accepted) == 1
        assert isinstance(under_test.told[0], Denied)
        assert second.recv(1) == b""
        under_test.leaves()
        with under_test.dial():
            loop.run_while(lambda: not under_test.accepted)
            under_test.leaves()
    under_test.acceptor.close()


def test_accept_timeout(loop: Loop, listener: Listener) -> None:
    under_test = AcceptorFixture(loop, listener, ListenSetup(HERE, accept_timeout=0.01))
    under_test.acceptor.open()
    with pytest.raises(ListenError, match="timed out"):
        loop.run_while(lambda: True)


def test_accept_timeout_does_not_apply_to_connected_clients(loop: Loop, listener: Listener) -> None:
    under_test = AcceptorFixture(loop, listener, ListenSetup(HERE, accept_timeout=0.05))
    under_test.acceptor.open()
    over: list[bool] = []
    with under_test.dial():
        loop.run_while(lambda: not under_test.accepted)
        loop.call_later(0.1, lambda: over.append(True))
        loop.run_while(lambda: not over)
        under_test.leaves()
    with pytest.raises(ListenError, match="timed out"):
        loop.run_while(lambda: True)
    under_test.acceptor.close()


def test_acceptor_pauses_when_descriptors_run_out(
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
    under_test = AcceptorFixture(loop, listener, ListenSetup(HERE))
    under_test.acceptor.open()
    with under_test.dial():
        loop.run_while(lambda: not under_test.accepted)
        under_test.leaves()
    # One attempt per pause: there is no busy loop.
    assert len(tries) <= 6
    under_test.acceptor.close()


def test_one_client_needs_one_call(
    loop: Loop, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trying to accept another client would be a failing system call for every client."""
    tries: list[None] = []
    real = listener.take_nowait

    def counted() -> Conn | None:
        tries.append(None)
        return real()

    monkeypatch.setattr(listener, "take_nowait", counted)
    under_test = AcceptorFixture(loop, listener, ListenSetup(HERE))
    under_test.acceptor.open()
    for _ in range(3):
        with under_test.dial():
            loop.run_while(lambda: not under_test.accepted)
            under_test.leaves()
            # A round without a new client, in which others are served.
            loop.call_in_turn(lambda: None)
            loop.run_while(lambda: bool(loop._in_turn))
    assert len(tries) == 3
    under_test.acceptor.close()


def test_listener_with_a_queue_is_emptied(
    loop: Loop, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe listener creates its next instance in that call; before, nobody can connect."""
    told: list[Conn | None] = []
    real = listener.take_nowait

    def noted() -> Conn | None:
        told.append(real())
        return told[-1]

    monkeypatch.setattr(listener, "take_nowait", noted)
    monkeypatch.setattr(listener, "has_queue", True)
    under_test = AcceptorFixture(loop, listener, ListenSetup(HERE))
    under_test.acceptor.open()
    with under_test.dial():
        loop.run_while(lambda: not under_test.accepted)
    assert told[-1] is None
    assert len(told) == 2
    under_test.leaves()
    under_test.acceptor.close()


def test_queue_is_accepted_in_few_rounds(loop: Loop, listener: Listener) -> None:
    under_test = AcceptorFixture(loop, listener, ListenSetup(HERE))
    under_test.acceptor.open()
    count = acceptor.AT_ONCE + 6
    with ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(under_test.dial())
        loop.run_while(lambda: len(under_test.accepted) < count)
        assert loop.rounds < count / 2
        while under_test.accepted:
            under_test.leaves()
    under_test.acceptor.close()


def test_other_errors_propagate(
    loop: Loop, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Conn | None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(listener, "take_nowait", broken)
    under_test = AcceptorFixture(loop, listener, ListenSetup(HERE))
    under_test.acceptor.open()
    with under_test.dial(), pytest.raises(OSError, match="Invalid"):
        loop.run_while(lambda: True)


def test_close_is_idempotent(loop: Loop, listener: Listener) -> None:
    under_test = AcceptorFixture(loop, listener, ListenSetup(HERE, accept_timeout=10))
    under_test.acceptor.open()
    under_test.acceptor.close()
    listener.close()
    under_test.acceptor.close()
