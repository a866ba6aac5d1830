"""Joining two addresses: each connection to the first gets its own connection to the second.

``pync -lk ADDRESS ONWARD``. All connections are in one loop, like the clients of a proxy server:
a relay is a proxy without a handshake. Bytes between two plain sockets stay inside the kernel
(engine/zerocopy.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

from ...core import exits
from ...core.address import DATAGRAMS
from ...core.endings import Endings
from ...core.events import Connected, Report
from ...core.server_events import Accepted, Dialled, Failed
from ...core.typed import TYPE_CHECKING, NamedTuple
from ...engine.loop import Loop, Scheduler
from ...engine.pipeline import Pipeline
from ...engine.resolver import Resolver
from ...transports import listen
from ...transports.conn import Conn
from ...transports.listener import Listener
from ..shared.acceptor import allow_many_descriptors
from ..shared.announce import announce
from ..shared.clients import Clients
from ..shared.connect import DialSetup, connect
from ..shared.listening import ListenSetup, prepare
from ..shared.served import serve_clients
from .onward import Onward, OnwardSetup
from .session import Joined, Make, Services, maker

if TYPE_CHECKING:
    from ...core.address import Address
    from ...engine.record import Recorder
    from ..shared.access import Admits
    from .spoiling import FaultSetup, SpoiledRelay


class RelaySetup(NamedTuple):
    """The parameters of a relay: what it joins, and how.

    ``near``: where connections come from. ``onward``: where they go on to. ``endings`` and
    ``pipeline``: those of each connection. ``recorder``: opens the files that record a connection,
    given its number, from 1. ``resets``: a client without an onward connection gets RST, not FIN.
    ``drain``: seconds that clients have to end after SIGTERM; None: none. ``admits``: reads the
    access lists again and returns the new filter; None: no list is in a file. ``faults``: those of
    the line. ``reconnect``: seconds after which two dialled sides are joined again; None:
    never.
    """

    near: ListenSetup | DialSetup
    onward: OnwardSetup
    endings: Endings
    pipeline: Callable[[], Pipeline] = Pipeline
    recorder: Callable[[int, Address], Recorder] | None = None
    resets: bool = True
    drain: float | None = None
    admits: Callable[[], Admits] | None = None
    faults: FaultSetup | None = None
    reconnect: float | None = None


def run(setup: RelaySetup, report: Report) -> int:
    """Join connections. Raises PyncError, UsageError."""
    onward = Onward(setup.onward, report)
    # (Both sides are of the same kind, which the address of an inherited socket does not show.)
    if setup.onward.targets[0].scheme in DATAGRAMS:
        return _pass_datagrams(setup, onward, report)
    if isinstance(setup.near, DialSetup):
        return _join_dialled(setup, setup.near, onward, report)
    near = setup.near
    prepare(near)
    allow_many_descriptors()
    with ExitStack() as stack:
        spoiled = None if setup.faults is None else stack.enter_context(_spoiled(setup.faults))
        if not near.keep_open:
            with listen(near.address, near.options) as listener:
                announce(listener, near, report)
                with Loop() as loop, Resolver(loop) as resolver:
                    make = _maker(setup, onward, resolver, report, spoiled)
                    return _accept_one(near, listener, loop, make, report)
        serve_clients(
            near,
            report,
            partial(_serve, setup, onward, spoiled),
            drain=setup.drain,
            tells=True,
            reload=_reload(setup, near, onward),
        )
    return exits.OK


def _pass_datagrams(setup: RelaySetup, onward: Onward, report: Report) -> int:
    from .datagrams import DatagramSetup, run

    near = setup.near
    reload = None if isinstance(near, DialSetup) else _reload(setup, near, onward)
    words = (setup.pipeline, setup.recorder, setup.drain, reload, setup.faults)
    return run(DatagramSetup(near, setup.endings.idle, *words), onward, report)


def _serve(
    setup: RelaySetup,
    onward: Onward,
    spoiled: SpoiledRelay | None,
    near: ListenSetup,
    listener: Listener,
    report: Report,
) -> None:
    """Serve the clients of a listener, until a signal ends it."""
    from .serving import serve

    with Loop() as loop, Resolver(loop) as resolver:
        numbers = None if near.place is None else near.place.numbers()
        make = _maker(setup, onward, resolver, report, spoiled, numbers)
        told, tells = _telling(make, report), setup.onward.details
        clients = Clients(loop, near, listener, report, told, tells=tells)
        if spoiled is not None:
            spoiled.open(loop, clients, report)
        reload = _reload(setup, near, onward)
        again = None if reload is None else lambda: reload([clients.listener])
        serve(clients, loop, report, setup.drain, again)


def _spoiled(setup: FaultSetup) -> SpoiledRelay:
    from .spoiling import SpoiledRelay

    return SpoiledRelay(setup)


def _maker(
    setup: RelaySetup,
    onward: Onward,
    resolver: Resolver,
    report: Report,
    spoiled: SpoiledRelay | None,
    numbers: Iterator[int] | None = None,
) -> Make:
    return maker(
        Services(
            onward,
            resolver,
            setup.endings,
            setup.pipeline,
            setup.recorder,
            report,
            setup.resets,
            spoiled,
            # shared/again.py has to know that the sides were joined.
            tells=setup.onward.details or setup.reconnect is not None,
        ),
        numbers,
    )


def _telling(make: Make, report: Report) -> Make:
    """Return a maker of sessions whose failure to connect onward is reported, not raised."""

    def tell(loop: Scheduler, conn: Conn, left: Callable[[Joined], None]) -> Joined:
        def told(session: Joined) -> None:
            if session.failure is not None and session.target is None:
                report(Failed(session.failure))
            left(session)

        return make(loop, conn, told)

    return tell


def _reload(
    setup: RelaySetup, near: ListenSetup, onward: Onward
) -> Callable[[list[Listener]], None] | None:
    """Return the function that reads access lists and certificates again; None without files."""
    tls, admits, announced = near.tls, setup.admits, near.announced
    if tls is None and setup.onward.tls is None and admits is None:
        return None

    def reload(listeners: list[Listener]) -> None:
        if admits is not None and announced is not None:
            announced.admits = admits()
        elif admits is not None:
            admitted = admits()
            for listener in listeners:
                listener.admits = admitted
        if tls is not None and tls.certificate is not None and near.address.scheme in DATAGRAMS:
            from ..shared.dtls_securing import renew as renew_dtls

            renew_dtls(tls, listeners)
        elif tls is not None and tls.certificate is not None:
            from ..shared.securing import renew

            renew(tls)
        onward.renew()

    return reload


def _join_dialled(setup: RelaySetup, near: DialSetup, onward: Onward, report: Report) -> int:
    again = None
    if setup.reconnect is not None:
        from ..shared.again import Again

        again = Again(setup.reconnect, Dialled, report)
        report = again.report
    spoiled = None if setup.faults is None else _spoiled(setup.faults)
    with Loop() as loop, Resolver(loop) as resolver:
        make = _maker(setup, onward, resolver, report, spoiled)

        def join() -> int:
            with connect(near, report) as conn:
                report(Connected(conn.peer, near.address.host, *conn.times.in_milliseconds()))
                return _carry(loop, make, conn)

        return join() if again is None else again.run(join, near.address)


def _accept_one(
    near: ListenSetup, listener: Listener, loop: Loop, make: Make, report: Report
) -> int:
    from ..shared.reception import Reception

    with Reception(listener, near, report) as reception, reception.accept() as conn:
        # Only this client is served. The next one must be refused instead of waiting.
        listener.close_for_others()
        reception.close()
        report(Accepted(conn.peer, handshake=conn.times.in_milliseconds().handshake))
        return _carry(loop, make, conn)


def _carry(loop: Loop, make: Make, conn: Conn) -> int:
    """Join one connection, and wait for its end. Raises its failure."""
    over: list[Joined] = []
    session = make(loop, conn, over.append)
    try:
        session.start()
        loop.run_while(lambda: not over)
    finally:
        session.break_off()
    if session.failure is not None:
        raise session.failure
    return exits.OK
