"""A datagram peer with its own connection: its datagrams, and each way in which it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from pync.core.address import Address
from pync.core.events import Event
from pync.core.server_events import Closed
from pync.engine.loop import Loop
from pync.engine.pipeline import Pipeline
from pync.engine.resolver import Resolver
from pync.programs.relay.onward import Onward, OnwardSetup
from pync.programs.relay.own_peer import OwnPeer
from pync.programs.relay.peer_services import PeerServices
from pync.transports import dial
from pync.transports.datagram import Datagrams

from ....peer import Mailbox, mailbox


class One:
    """A peer, and the server to which it is connected."""

    def __init__(self, stack: ExitStack, conn: Datagrams, server: Mailbox, idle: float) -> None:
        self.loop = stack.enter_context(Loop())
        resolver = stack.enter_context(Resolver(self.loop))
        self.events: list[Event] = []
        self.left: list[OwnPeer] = []
        where = Address("udp", "127.0.0.1", server.port)
        onward = Onward(OnwardSetup((where,), details=True), self.events.append)
        services = PeerServices(onward, resolver, Pipeline, None, self.events.append, None)
        self.peer = OwnPeer(services, self.loop, conn, 7, idle, self.left.append)
        stack.callback(self.peer.close)
        self.peer.start()

    def until(self, condition: Callable[[], object]) -> None:
        self.loop.run_while(lambda: not condition())

    def ends(self) -> str:
        [closed] = [event for event in self.events if isinstance(event, Closed)]
        return str(closed.peer_end)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as entered:
        yield entered


@pytest.fixture
def server() -> Iterator[Mailbox]:
    with mailbox() as box:
        yield box


def joined(stack: ExitStack, server: Mailbox, idle: float = 60.0) -> tuple[One, Mailbox]:
    client = stack.enter_context(mailbox())
    conn = dial(Address("udp", "127.0.0.1", client.port))
    assert isinstance(conn, Datagrams)
    client.correspondent = ("127.0.0.1", conn.local.port)
    return One(stack, conn, server, idle), client


def test_datagrams_in_both_directions(stack: ExitStack, server: Mailbox) -> None:
    one, client = joined(stack, server)
    client.says(b"question")
    one.until(lambda: one.peer.moved.sent)
    server.hears(b"question")
    server.says(b"")
    server.says(b"answer")
    one.until(lambda: one.peer.moved.received)
    client.hears(b"")
    client.hears(b"answer")
    assert one.peer.target is not None
    assert one.peer.listing()["number"] == 7


def test_idle_timeout(stack: ExitStack, server: Mailbox) -> None:
    one, _ = joined(stack, server, idle=0.05)
    one.until(lambda: one.left)
    assert one.peer.was_idle
    assert one.ends() == "idle"


def test_kill(stack: ExitStack, server: Mailbox) -> None:
    one, _ = joined(stack, server)
    one.peer.give_up()
    assert one.left == [one.peer]
    assert not one.peer.was_idle
    assert one.ends() == "killed"


def test_break_off(stack: ExitStack, server: Mailbox) -> None:
    one, _ = joined(stack, server)
    one.peer.break_off()
    assert one.left == []
    assert one.ends() == "open"
    assert one.peer.client.peer.scheme == "udp"
