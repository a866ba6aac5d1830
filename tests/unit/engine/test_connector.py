"""Dialling in a loop: all addresses of a name; the next one starts if one does not answer."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from pync.core.address import Address
from pync.core.errors import DialError, UnresolvedError
from pync.engine.connector import Connector
from pync.engine.loop import Loop
from pync.engine.resolver import Lookup, Resolver
from pync.transports import DEFAULT, Options
from pync.transports.internet import Endpoint

if TYPE_CHECKING:
    from pync.engine.resolver import Found


class ScriptedResolver(Resolver):
    """A resolver that returns the given endpoints."""

    def __init__(self, loop: Loop, *endpoints: Endpoint) -> None:
        super().__init__(loop)
        self._endpoints = list(endpoints)
        self._told = loop

    def known(self, address: Address, options: Options) -> Found | None:
        return None

    def look_up(
        self, address: Address, options: Options, answered: Callable[[Found], None]
    ) -> Lookup:
        lookup = Lookup(address, options, answered)
        self._told.call_later(0, lambda: lookup.answered and lookup.answered(self._endpoints))
        return lookup


@pytest.fixture
def loop() -> Iterator[Loop]:
    with Loop() as made:
        yield made


def dialled(loop: Loop, resolver: Resolver, port: int, options: Options = DEFAULT) -> Connector:
    over: list[Connector] = []
    address = Address("tcp", "127.0.0.1", str(port))
    with resolver:
        Connector(loop, resolver, address, options, over.append).start()
        loop.run_while(lambda: not over)
    return over[0]


def port_of(sock: socket.socket) -> int:
    return int(sock.getsockname()[1])


def test_connect(loop: Loop, server: socket.socket) -> None:
    connector = dialled(loop, Resolver(loop), port_of(server))
    assert connector.failure is None
    conn = connector.conn
    assert conn is not None
    with conn, server.accept()[0] as peer:
        assert conn.peer == Address("tcp", "127.0.0.1", str(port_of(server)))
        assert conn.local.port == peer.getpeername()[1]
        conn.send_all(b"hello")
        assert peer.recv(5) == b"hello"


@pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: at once over loopback")
def test_immediate_connection_starts_no_timer(loop: Loop, server: socket.socket) -> None:
    over: list[Connector] = []
    with Resolver(loop) as resolver:
        address = Address("tcp", "127.0.0.1", str(port_of(server)))
        Connector(loop, resolver, address, Options(timeout=30), over.append).start()
        assert over[0].conn is not None
        over[0].conn.close()
        assert loop._timers == []


def test_immediate_failure_is_reported_by_a_later_callback(
    loop: Loop, server: socket.socket
) -> None:
    """A client may ask for thousands of forbidden targets, and this must not recurse."""
    over: list[Connector] = []
    with Resolver(loop) as resolver:
        address = Address("tcp", "127.0.0.1", str(port_of(server)))
        options = Options(timeout=30, admits=lambda _: False)
        Connector(loop, resolver, address, options, over.append).start()
        assert over == []
        loop.run_while(lambda: not over)
    assert over[0].failure is not None
    assert over[0].failure.cause == "not allowed"


def test_connection_refused(loop: Loop, closed_port: int) -> None:
    failure = dialled(loop, Resolver(loop), closed_port).failure
    assert str(failure) == f"dial tcp://127.0.0.1:{closed_port}: connection refused"
    assert failure is not None
    assert len(failure.attempts) == 1


def test_unknown_name(loop: Loop) -> None:
    over: list[Connector] = []
    with Resolver(loop) as resolver:
        address = Address("tcp", "a" * 300, "1")
        Connector(loop, resolver, address, DEFAULT, over.append).start()
        loop.run_while(lambda: not over)
    assert isinstance(over[0].failure, (UnresolvedError, DialError))
    assert over[0].failure.attempts == ()


def test_next_address_after_a_refusal(loop: Loop, server: socket.socket, closed_port: int) -> None:
    book = ScriptedResolver(
        loop,
        Endpoint(socket.AF_INET, ("127.0.0.1", closed_port)),
        Endpoint(socket.AF_INET, server.getsockname()),
    )
    conn = dialled(loop, book, 1).conn
    assert conn is not None
    conn.close()


def test_next_address_when_the_first_does_not_answer(
    loop: Loop, silent: Endpoint, server: socket.socket
) -> None:
    book = ScriptedResolver(loop, silent, Endpoint(socket.AF_INET, server.getsockname()))
    conn = dialled(loop, book, 1).conn
    assert conn is not None
    assert conn.peer.port == port_of(server)
    conn.close()


def test_timeout(loop: Loop, silent: Endpoint) -> None:
    failure = dialled(loop, ScriptedResolver(loop, silent), 1, Options(timeout=0.02)).failure
    assert failure is not None
    assert failure.cause == "timed out"
    assert len(failure.attempts) == 1


def test_stop_calls_no_callback_and_leaves_no_socket_open(loop: Loop, silent: Endpoint) -> None:
    over: list[Connector] = []
    with ScriptedResolver(loop, silent) as book:
        address = Address("tcp", "127.0.0.1", "1")
        connector = Connector(loop, book, address, Options(timeout=0.01), over.append)
        connector.start()
        rounds: list[int] = []
        loop.call_later(0.03, lambda: rounds.append(1))
        loop.call_later(0.005, connector.stop)
        loop.run_while(lambda: not rounds)
        connector.stop()
    assert over == []
