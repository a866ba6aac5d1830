"""The peers of a datagram relay: idle time-outs, and the limit of peers."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from pync.core.address import Address
from pync.core.errors import ListenError
from pync.core.events import Event
from pync.core.server_events import Accepted, Closed, Denied
from pync.engine.loop import Loop
from pync.engine.pipeline import Pipeline
from pync.engine.resolver import Resolver
from pync.programs.relay.onward import Onward, OnwardSetup
from pync.programs.relay.peer_services import PeerServices
from pync.programs.relay.peers import ROOM_AFTER, Peers
from pync.programs.shared.listening import ListenSetup
from pync.transports import Options, listen

from ....clock import Stopwatch

LOOPBACK = Address("udp", "127.0.0.1", "0")


class Relay:
    """Peers in a loop, and a server that echoes."""

    def __init__(self, stack: ExitStack, idle: float, **setup: object) -> None:
        self.events: list[Event] = []
        self.loop = stack.enter_context(Loop())
        resolver = stack.enter_context(Resolver(self.loop))
        self.server = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self.server.bind(("127.0.0.1", 0))
        target = Address("udp", *map(str, self.server.getsockname()))
        report = self.events.append
        onward = Onward(OnwardSetup((target,), details=True), report)
        services = PeerServices(onward, resolver, Pipeline, None, report, None)
        listener = listen(LOOPBACK, Options(many=True))
        near = ListenSetup(listener.address, keep_open=True, **setup)  # type: ignore[arg-type]
        self.peers = Peers(self.loop, near, listener, services, idle)
        self.peers.open()
        stack.callback(listener.close)
        stack.callback(self.peers.close)
        self.loop.watch_reader(self.server.fileno(), self._echo)
        self._stack = stack

    def _echo(self) -> None:
        self.server.sendto(*self.server.recvfrom(100))

    def peer(self) -> socket.socket:
        sock = self._stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        sock.connect(("127.0.0.1", self.peers.listener.address.port))
        sock.setblocking(False)
        return sock

    def echoes(self, sock: socket.socket) -> None:
        received: list[bytes] = []
        sock.send(b"x")
        self.loop.watch_reader(sock.fileno(), lambda: received.append(sock.recv(10)))
        self.loop.run_while(lambda: not received)
        self.loop.watch_reader(sock.fileno(), None)

    def until(self, kind: type, times: int = 1) -> list[Event]:
        def found() -> list[Event]:
            return [event for event in self.events if isinstance(event, kind)]

        self.loop.run_while(lambda: len(found()) < times)
        return found()


@pytest.fixture
def relay() -> Iterator[Callable[..., Relay]]:
    with ExitStack() as stack:
        yield lambda idle=60.0, **setup: Relay(stack, idle, **setup)


def test_each_session_ends_after_its_idle_time(relay: Callable[..., Relay]) -> None:
    one = relay(0.2)
    first, second = one.peer(), one.peer()
    one.echoes(first)
    one.echoes(second)
    while not any(isinstance(event, Closed) for event in one.events):
        one.echoes(second)
    # The first peer was silent; the second one has sent data until now.
    assert len(one.peers.sessions) == 1
    watch = Stopwatch()
    one.until(Closed, 2)
    # (A round of the loop may have passed since the last datagram.)
    assert watch.reached(0.1)
    assert not one.peers.sessions
    one.echoes(first)
    assert len(one.until(Accepted)) == 3


def test_least_recently_active_peer_is_replaced_at_the_limit(
    relay: Callable[..., Relay], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = relay(max_conns=2)
    first, second, third = one.peer(), one.peer(), one.peer()
    one.echoes(first)
    one.echoes(second)
    one.echoes(first)
    third.send(b"x")
    (denied,) = one.until(Denied)
    assert isinstance(denied, Denied)
    assert denied.cause == "connection limit reached (2)"
    monkeypatch.setattr("pync.programs.relay.peers.ROOM_AFTER", 0.0)
    assert ROOM_AFTER == 1.0
    one.echoes(third)
    (closed,) = one.until(Closed)
    assert isinstance(closed, Closed)
    assert closed.peer.service == str(second.getsockname()[1])
    assert (closed.peer_end, len(one.peers.sessions)) == ("made room", 2)


def test_shut_accepts_no_new_peers_and_keeps_sessions(relay: Callable[..., Relay]) -> None:
    one = relay()
    inside, late = one.peer(), one.peer()
    one.echoes(inside)
    one.peers.shut()
    late.send(b"x")
    one.echoes(inside)
    assert len(one.until(Accepted)) == 1
    one.peers.close()
    assert len(one.until(Closed)) == 1


def test_listener_is_closed_and_opened_again(relay: Callable[..., Relay]) -> None:
    one = relay()
    peer = one.peer()
    one.echoes(peer)
    address = one.peers.listener.address
    one.peers.refuse()
    assert not one.peers.sessions
    with listen(address, Options(many=True)) as again:
        one.peers.come_by(again)
        one.echoes(peer)
        one.peers.close()


def test_listening_socket_has_a_larger_buffer(
    relay: Callable[..., Relay],
) -> None:
    def held(sock: socket.socket) -> int:
        return sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)

    one, asked = relay(), relay(options=Options(sockopts=(("recv_buffer", 10_000),)))
    (sock,), (small,) = one.peers.listener.sockets, asked.peers.listener.sockets
    assert held(small) <= held(one.peer()) <= held(sock)


def test_accept_timeout(relay: Callable[..., Relay]) -> None:
    one = relay(0.5, accept_timeout=1)
    one.echoes(one.peer())
    with pytest.raises(ListenError, match="timed out"):
        one.loop.run_while(lambda: True)
    assert len(one.until(Closed)) == 1
