"""One peer of a relay of datagrams: its onward socket, and what happens when that fails."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from pync.core.address import Address
from pync.core.errors import DialError, cause_of
from pync.core.events import Event
from pync.core.server_events import Closed, Dialled, Failed
from pync.engine.loop import Loop
from pync.engine.pipeline import Pipeline
from pync.engine.resolver import Resolver
from pync.programs.relay import peer_session
from pync.programs.relay.onward import Onward, OnwardSetup
from pync.programs.relay.peer_services import Client, PeerServices
from pync.programs.relay.peer_session import PeerSession
from pync.transports import dial

from ....programs import unused_udp_port
from ....systems import needs_icmp

PEER = Client(Address("udp", "192.0.2.1", "9"), Address("udp", "192.0.2.2", "53"))


class One:
    """A session, and the answers to its peer."""

    def __init__(self, stack: ExitStack, *targets: Address, **services: Any) -> None:
        self.loop = stack.enter_context(Loop())
        resolver = stack.enter_context(Resolver(self.loop))
        self.events: list[Event] = []
        self.answers: list[bytes] = []
        self.left: list[PeerSession] = []
        report = self.events.append
        onward = Onward(OnwardSetup(targets, details=True), report)
        all_have = PeerServices(onward, resolver, Pipeline, None, report, None, **services)
        self.session = PeerSession(
            all_have, self.loop, PEER, self.answers.append, 1, self.left.append
        )
        stack.callback(self.session.close)
        self.session.start()

    def until(self, condition: Callable[[], object]) -> None:
        self.loop.run_while(lambda: not condition())

    def told(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as entered:
        yield entered


def box(stack: ExitStack) -> tuple[socket.socket, Address]:
    sock = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    sock.bind(("127.0.0.1", 0))
    sock.settimeout(10)
    return sock, Address("udp", "127.0.0.1", str(sock.getsockname()[1]))


def nobody(stack: ExitStack) -> Address:
    return Address("udp", "127.0.0.1", str(stack.enter_context(unused_udp_port())))


def test_datagrams_wait_for_the_name_lookup(stack: ExitStack) -> None:
    sock, address = box(stack)
    one = One(stack, address._replace(scheme="udp4", host="localhost"))
    assert one.session.target is None
    for word in (b"1", b"", b"3"):
        one.session.put(word)
    one.until(lambda: one.session.target)
    assert [sock.recv(10) for _ in range(3)] == [b"1", b"", b"3"]
    assert one.session.listing()["target"] == f"udp4://localhost:{address.service}"
    assert one.session.moved == (2, 0)


@needs_icmp
def test_refusal_is_reported_once(stack: ExitStack) -> None:
    one = One(stack, nobody(stack))
    for _ in range(2):
        one.session.put(b"?")
        one.until(lambda: one.told(Failed))
        one.session.put(b"?")
        one.session.put(b"?")
    assert len(one.told(Failed)) == 1
    assert not one.left


@needs_icmp
def test_refused_datagrams_are_sent_to_the_next_target(stack: ExitStack) -> None:
    sock, address = box(stack)
    first = nobody(stack)
    one = One(stack, first, address)
    one.session.put(b"1")
    one.session.put(b"2")
    one.until(lambda: len(one.told(Dialled)) == 2)
    assert [event.target for event in one.told(Dialled)] == [first, address]
    assert [sock.recv(10), sock.recv(10)] == [b"1", b"2"]
    assert one.told(Failed) == []


@needs_icmp
def test_old_datagrams_are_not_sent_to_the_next_target(
    stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer_session, "KEPT_FOR", 0.0)
    sock, address = box(stack)
    one = One(stack, nobody(stack), address)
    one.session.put(b"old")
    one.until(lambda: len(one.told(Dialled)) == 2)
    one.session.put(b"new")
    assert sock.recv(10) == b"new"


def test_dial_failure_is_reported_once(stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer_session, "AFTER_FAILURE", 0.1)
    one = One(stack, Address("udp", "127.0.0.1", "nosuchservice"))
    for _ in range(500):
        one.session.put(b"x")
    one.until(lambda: one.left)
    assert len(one.told(Failed)) == len(one.told(Closed)) == 1
    one.session.end("again")
    assert len(one.left) == 1


def test_another_session_is_ended_if_descriptors_run_out(
    stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    sock, address = box(stack)
    asked: list[bool] = []

    def exhausted(*words: Any) -> Any:
        raise DialError("dial", address, cause_of(OSError(24, os.strerror(24))))

    def make_room() -> bool:
        asked.append(True)
        monkeypatch.setattr("pync.engine.datagram_connector.dial", dial)
        return True

    monkeypatch.setattr("pync.engine.datagram_connector.dial", exhausted)
    one = One(stack, address, make_room=make_room)
    one.session.put(b"x")
    assert sock.recv(10) == b"x"
    assert asked == [True]
