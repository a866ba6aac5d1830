"""Resolving the address of datagrams in a loop."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pync.core.address import Address
from pync.core.errors import DialError, UnresolvedError
from pync.engine.datagram_connector import DatagramConnector
from pync.engine.loop import Loop
from pync.engine.resolver import Lookup, Resolver
from pync.transports import Options


class Dial:
    """A connector and its result."""

    def __init__(self, loop: Loop, resolver: Resolver, address: Address, options: Options) -> None:
        self.loop = loop
        self.ended: list[DatagramConnector] = []
        self.one = DatagramConnector(loop, resolver, address, options, self.ended.append)
        self.one.start()

    def failure(self) -> DialError:
        self.loop.run_while(lambda: not self.ended)
        assert self.one.conn is None
        assert self.one.failure is not None
        return self.one.failure


@pytest.fixture
def loop() -> Iterator[Loop]:
    with Loop() as found:
        yield found


@pytest.fixture
def resolver(loop: Loop) -> Iterator[Resolver]:
    with Resolver(loop) as found:
        yield found


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_address_and_name(loop: Loop, resolver: Resolver, host: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as box:
        box.bind(("127.0.0.1", 0))
        box.settimeout(10)
        address = Address("udp4", host, str(box.getsockname()[1]))
        dial = Dial(loop, resolver, address, Options(timeout=10))
        assert bool(dial.ended) == (host == "127.0.0.1")
        loop.run_while(lambda: not dial.ended)
        assert (dial.one.lookup_seconds is None) == (host == "127.0.0.1")
        assert dial.one.conn is not None
        with dial.one.conn as conn:
            conn.send(b"hello")
            assert box.recv(10) == b"hello"


def test_unknown_name(loop: Loop, resolver: Resolver) -> None:
    dial = Dial(loop, resolver, Address("udp", "localhost", "53"), Options(numeric=True))
    failure = dial.failure()
    assert isinstance(failure, UnresolvedError)
    assert str(failure).startswith("dial udp://localhost:53: ")


def test_unknown_service(loop: Loop, resolver: Resolver) -> None:
    dial = Dial(loop, resolver, Address("udp", "127.0.0.1", "nosuch"), Options())
    assert "unknown service" in str(dial.failure())


def test_timeout_and_stop(loop: Loop, resolver: Resolver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "look_up", Lookup)  # it never answers
    address = Address("udp", "localhost", "53")
    dial = Dial(loop, resolver, address, Options(timeout=0.0))
    given_up = Dial(loop, resolver, address, Options(timeout=0.0))
    given_up.one.stop()
    assert str(dial.failure()) == "dial udp://localhost:53: timed out"
    assert given_up.ended == []


@pytest.mark.skipif(sys.platform == "win32", reason="this system has no Unix sockets")
def test_missing_unix_socket(loop: Loop, resolver: Resolver, tmp_path: Path) -> None:
    dial = Dial(loop, resolver, Address("unixgram", path=str(tmp_path / "none")), Options())
    assert dial.failure().errno == 2
