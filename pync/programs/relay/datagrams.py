"""Relaying datagrams between two addresses: each peer has a session with its own onward socket.

``pync -lk udp://:5353 udp://host:53``. All peers share the listening socket (peers.py);
DTLS peers have one each (own_peer.py). Without -k, and between two dialled addresses, there is
one session.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from itertools import count

from ...core import exits
from ...core.events import Connected, Report
from ...core.server_events import Accepted
from ...core.typed import TYPE_CHECKING, NamedTuple
from ...engine.idle import idle_timeout
from ...engine.loop import Loop
from ...engine.resolver import Resolver
from ...transports import listen
from ..shared.acceptor import allow_many_descriptors
from ..shared.announce import announce
from ..shared.connect import DialSetup, connect
from ..shared.listening import ListenSetup, prepare
from ..shared.served import serve_clients
from .own_peer import OwnPeer
from .peer_services import PeerServices
from .peers import IDLE, Peers

if TYPE_CHECKING:
    from ...core.address import Address
    from ...engine.pipeline import Pipeline
    from ...engine.record import Recorder
    from ...transports.conn import Conn
    from ...transports.listener import Listener
    from .inside import Inside
    from .onward import Onward
    from .spoiling import FaultSetup


class DatagramSetup(NamedTuple):
    """The parameters of a relay of datagrams: the fields of RelaySetup that apply to them.

    ``reload``: reads files again, for these listeners; None: there are none.
    """

    near: ListenSetup | DialSetup
    idle: float | None
    pipeline: Callable[[], Pipeline]
    recorder: Callable[[int, Address], Recorder] | None
    drain: float | None
    reload: Callable[[list[Listener]], None] | None
    faults: FaultSetup | None


def run(setup: DatagramSetup, onward: Onward, report: Report) -> int:
    """Pass datagrams on. Raises PyncError."""
    near = setup.near
    if isinstance(near, DialSetup):
        with connect(near, report) as conn:
            report(Connected(conn.peer, near.address.host, *conn.times.in_milliseconds()))
            return _carry(setup, onward, conn, report)
    allow_many_descriptors()
    prepare(near)
    if near.keep_open:
        serve = partial(_serve, setup, onward)
        serve_clients(near, report, serve, drain=setup.drain, tells=True, reload=setup.reload)
        return exits.OK
    with listen(near.address, near.options) as listener:
        announce(listener, near, report)
        from ..shared.reception import Reception

        with Reception(listener, near, report) as reception, reception.accept() as conn:
            listener.close_for_others()
            reception.close()
            report(Accepted(conn.peer))
            return _carry(setup, onward, conn, report)


def _serve(
    setup: DatagramSetup, onward: Onward, near: ListenSetup, listener: Listener, report: Report
) -> None:
    from .serving import serve

    with ExitStack() as stack:
        loop = stack.enter_context(Loop())
        resolver = stack.enter_context(Resolver(loop))
        services = _services(setup, onward, resolver, report)
        spoiled = services.spoiled
        if spoiled is not None:
            stack.enter_context(spoiled)
        peers = _peers(setup, loop, near, listener, services)
        if spoiled is not None:
            spoiled.open(loop, peers, report)

        read = setup.reload
        reload = None if read is None else lambda: read([peers.listener])
        serve(peers, loop, report, setup.drain, reload)


def _peers(
    setup: DatagramSetup, loop: Loop, near: ListenSetup, listener: Listener, services: PeerServices
) -> Inside:
    idle = IDLE if setup.idle is None else setup.idle
    if near.tls is None:
        return Peers(loop, near, listener, services, idle)
    from .dtls_peers import DtlsPeers

    numbers = count(1) if near.place is None else near.place.numbers()
    return DtlsPeers(
        loop,
        near,
        listener,
        services.report,
        lambda part, conn, left: OwnPeer(services, part, conn, next(numbers), idle, left),
        tells=services.onward.setup.details,
    )


def _services(
    setup: DatagramSetup, onward: Onward, resolver: Resolver, report: Report
) -> PeerServices:
    spoiled = None
    if setup.faults is not None:
        from .spoiling import SpoiledRelay

        spoiled = SpoiledRelay(setup.faults)
    return PeerServices(onward, resolver, setup.pipeline, setup.recorder, report, spoiled)


def _carry(setup: DatagramSetup, onward: Onward, conn: Conn, report: Report) -> int:
    """Run one session until it is idle. Raises IdleTimeoutError if the user set the idle time."""
    with Loop() as loop, Resolver(loop) as resolver:
        over: list[OwnPeer] = []
        services = _services(setup, onward, resolver, report)
        idle = IDLE if setup.idle is None else setup.idle
        peer = OwnPeer(services, loop, conn, 1, idle, over.append)
        try:
            peer.start()
            loop.run_while(lambda: not over)
        finally:
            peer.close()
    if setup.idle is not None and peer.was_idle:
        raise idle_timeout(conn.peer, idle)
    return exits.OK
