"""TCP: all addresses of a name, the source address, and time-outs."""

from __future__ import annotations

import errno
import os
import socket
import sys
import time

import pytest

from conformance.targets.ports import reserved_port
from pync.core.address import Address
from pync.core.errors import DialError
from pync.core.events import AttemptFailed, Event, Trying
from pync.transports import Options, connecting, dial, internet, tcp
from pync.transports.internet import Endpoint

from ...clock import Stopwatch

LOOPBACK = Address("tcp", "127.0.0.1", "0")


def test_all_addresses_are_tried(
    server: socket.socket, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = Endpoint(socket.AF_INET, ("127.0.0.1", closed_port))
    right = Endpoint(socket.AF_INET, server.getsockname())
    monkeypatch.setattr(tcp, "resolve", lambda *_: [closed, closed, right])
    events: list[Event] = []
    with dial(Address("tcp", "several", "1"), Options(report=events.append)) as conn:
        assert conn.peer.port == server.getsockname()[1]
    refusing = Address("tcp", "127.0.0.1", str(closed_port))
    failed = AttemptFailed(refusing, "connection refused")
    assert events[:4] == [Trying(refusing), failed, Trying(refusing), failed]
    assert events[4:] == [Trying(conn.peer)]


def test_silent_address_delays_the_next_by_a_quarter_of_a_second(
    silent: Endpoint, server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = Endpoint(socket.AF_INET, server.getsockname())
    monkeypatch.setattr(tcp, "resolve", lambda *_: [silent, right])
    stopwatch = Stopwatch()
    with dial(Address("tcp", "several", "1")) as conn:
        assert stopwatch.reached(0.25)
        # (The kernel would try for minutes.)
        assert stopwatch.elapsed < 60
        assert conn.peer.port == server.getsockname()[1]
        assert conn.gettimeout() is None


def test_short_timeout_leaves_time_for_every_address(
    silent: Endpoint, server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = Endpoint(socket.AF_INET, server.getsockname())
    monkeypatch.setattr(tcp, "resolve", lambda *_: [silent, silent, right])
    dial(Address("tcp", "several", "1"), Options(timeout=1.0)).close()


def test_without_happy_eyeballs_the_timeout_applies_to_each_address(
    silent: Endpoint, server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = Endpoint(socket.AF_INET, server.getsockname())
    monkeypatch.setattr(tcp, "resolve", lambda *_: [silent, silent, right])
    events: list[Event] = []
    options = Options(timeout=0.1, happy_eyeballs=False, report=events.append)
    dial(Address("tcp", "several", "1"), options).close()
    failed = [event for event in events if isinstance(event, AttemptFailed)]
    assert [(one.cause, one.last) for one in failed] == [("timed out", False)] * 2


def test_timeout_applies_to_all_addresses_together(
    silent: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp, "resolve", lambda *_: [silent, silent])
    began = time.monotonic()
    with pytest.raises(DialError, match="timed out") as failure:
        dial(Address("tcp", "several", "1"), Options(timeout=1.0))
    # (The kernel would try each for minutes.)
    assert time.monotonic() - began < 60
    assert [cause for _, cause in failure.value.attempts] == ["timed out"] * 2


def test_source_address_selects_the_family(
    server: socket.socket, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Endpoint(socket.AF_INET6, ("::1", closed_port, 0, 0))
    right = Endpoint(socket.AF_INET, server.getsockname())
    found = {"several": [other, right]}
    resolve = internet.resolve
    monkeypatch.setattr(tcp, "resolve", lambda to, *rest: found.get(to.host) or resolve(to, *rest))
    options = Options(source="127.0.0.1")
    with dial(Address("tcp", "several", "1"), options) as conn:
        assert conn.local.host == "127.0.0.1"
    found["several"] = [other]
    with pytest.raises(DialError, match=r"dial tcp://127.0.0.1:0: "):
        dial(Address("tcp", "several", "1"), options)


def test_error_contains_all_attempts(closed_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = Endpoint(socket.AF_INET, ("127.0.0.1", closed_port))
    monkeypatch.setattr(tcp, "resolve", lambda *_: [closed, closed])
    with pytest.raises(DialError) as failure:
        dial(Address("tcp", "several", "1"))
    assert str(failure.value) == "dial tcp://several:1: connection refused"
    tried = Address("tcp", "127.0.0.1", str(closed_port))
    assert failure.value.attempts == ((tried, "connection refused"),) * 2


def test_most_informative_cause_is_reported(
    closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = Endpoint(socket.AF_INET, ("127.0.0.1", closed_port))
    nowhere = Endpoint(socket.AF_INET, ("127.0.0.2", closed_port))

    def begin(endpoint: Endpoint, *_: object) -> socket.socket:
        number = errno.ENETUNREACH if endpoint is nowhere else errno.ECONNREFUSED
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(tcp, "resolve", lambda *_: [closed, nowhere])
    monkeypatch.setattr(connecting, "begin_to_connect", begin)
    with pytest.raises(DialError, match="connection refused"):
        dial(Address("tcp", "several", "1"))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a full backlog drops on Linux")
def test_timeout_without_an_answer() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = Address("tcp", "127.0.0.1", str(full.getsockname()[1]))
        # listen(0) queues one connection; the SYN of the next one is dropped.
        with dial(address), pytest.raises(DialError, match=r": timed out$"):
            dial(address, Options(timeout=0.05))


def test_source_address_and_port(server: socket.socket, closed_port: int) -> None:
    host, port = server.getsockname()
    with reserved_port() as free:
        options = Options(source="127.0.0.1", source_port=str(free))
        with dial(Address("tcp", host, str(port)), options) as conn:
            assert (conn.local.host, conn.local.service) == ("127.0.0.1", str(free))


def test_source_address_of_another_machine(server: socket.socket) -> None:
    host, port = server.getsockname()
    with pytest.raises(DialError, match="cannot assign requested address"):
        dial(Address("tcp", host, str(port)), Options(source="192.0.2.1"))
