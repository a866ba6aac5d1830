"""Relaying datagrams between two addresses: each peer has a session with its own onward socket.

``pync -lk udp://:5353 udp://host:53``. All peers share the listening socket (peers.py).
Without -k, and between two dialled addresses, there is one session.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from ...core import exits
from ...core.events import Accepted, Connected, Report
from ...core.typed import TYPE_CHECKING, NamedTuple
from ...engine.idle import IdleTimer, idle_timeout
from ...engine.loop import Loop
from ...engine.resolver import Resolver
from ...transports import listen
from ...transports.datagram import Datagrams
from ..shared.acceptor import allow_many_descriptors
from ..shared.announce import announce
from ..shared.connect import DialSetup, connect
from ..shared.listening import ListenSetup, prepare
from ..shared.served import serve_clients
from .peer_services import Client, PeerServices
from .peer_session import BURST, PeerSession
from .peers import IDLE, Peers

if TYPE_CHECKING:
    from ...core.address import Address
    from ...engine.pipeline import Pipeline
    from ...engine.record import Recorder
    from ...transports.conn import Conn
    from ...transports.listener import Listener
    from ..shared.access import Admits
    from .onward import Onward
    from .spoiling import FaultSetup


class DatagramSetup(NamedTuple):
    """The parameters of a relay of datagrams: the fields of RelaySetup that apply to them."""

    near: ListenSetup | DialSetup
    idle: float | None
    pipeline: Callable[[], Pipeline]
    recorder: Callable[[int, Address], Recorder] | None
    drain: float | None
    admits: Callable[[], Admits] | None
    faults: FaultSetup | None


def run(setup: DatagramSetup, onward: Onward, report: Report) -> int:
    """Pass datagrams on. Raises PyncError."""
    near = setup.near
    if isinstance(near, DialSetup):
        with connect(near, report) as conn:
            report(Connected(conn.peer, near.address.host, *conn.times.in_milliseconds()))
            return _carry(setup, onward, conn, report)
    allow_many_descriptors()
    if near.keep_open:
        prepare(near)
        admits = setup.admits
        reload = None if admits is None else lambda listeners: _reload(admits, listeners)
        serve = partial(_serve, setup, onward)
        serve_clients(near, report, serve, drain=setup.drain, tells=True, reload=reload)
        return exits.OK
    with listen(near.address, near.options) as listener:
        announce(listener, near, report)
        from ..shared.reception import Reception

        with Reception(listener, near, report) as reception, reception.accept() as conn:
            listener.close_for_others()
            reception.close()
            report(Accepted(conn.peer))
            return _carry(setup, onward, conn, report)


def _reload(read: Callable[[], Admits], listeners: list[Listener]) -> None:
    admits = read()
    for listener in listeners:
        listener.admits = admits


def _serve(
    setup: DatagramSetup, onward: Onward, near: ListenSetup, listener: Listener, report: Report
) -> None:
    from .serving import serve

    idle = IDLE if setup.idle is None else setup.idle
    with ExitStack() as stack:
        loop = stack.enter_context(Loop())
        resolver = stack.enter_context(Resolver(loop))
        services = _services(setup, onward, resolver, report)
        spoiled = services.spoiled
        if spoiled is not None:
            stack.enter_context(spoiled)
        peers = Peers(loop, near, listener, services, idle)
        if spoiled is not None:
            spoiled.open(loop, peers, report)

        admits = setup.admits
        reload = None if admits is None else lambda: _reload(admits, [peers.listener])
        serve(peers, loop, report, setup.drain, reload)


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
    assert isinstance(conn, Datagrams)
    with Loop() as loop, Resolver(loop) as resolver:
        over: list[PeerSession] = []
        services = _services(setup, onward, resolver, report)
        client = Client(conn.peer, conn.local)
        session = PeerSession(services, loop, client, conn.send, 1, over.append)
        idle = IDLE if setup.idle is None else setup.idle
        timer = IdleTimer(loop, idle, lambda: session.end("idle"), lambda: session.active_at)

        def read() -> None:
            for _ in range(BURST):
                try:
                    session.put(conn.recv_whole())
                except (BlockingIOError, InterruptedError):
                    return
                except OSError:
                    continue  # an earlier answer was refused; there may be datagrams to read

        conn.settimeout(0)
        for descriptor in conn.read_fds():
            loop.watch_reader(descriptor, read)
        try:
            timer.start()
            session.start()
            loop.run_while(lambda: not over)
        finally:
            timer.cancel()
            session.close()
    if setup.idle is not None:
        raise idle_timeout(conn.peer, idle)
    return exits.OK
