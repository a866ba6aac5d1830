"""One connection and the onward connection that it is joined to.

Each side's bytes, FIN and RST are passed on to the other side unchanged. An end that may have
lost bytes (a reset, TLS without close_notify, a time-out) is never passed on as FIN: the bytes
before it are delivered, and then RST is sent.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import count

from ...core.address import Address
from ...core.endings import Endings
from ...core.errors import PyncError
from ...core.events import Report
from ...core.server_events import Closed, Denied, Dialled
from ...core.typed import TYPE_CHECKING, NamedTuple
from ...engine.direct import DirectRelay, relay_between
from ...engine.ends import RESET
from ...engine.lingering_close import LingeringClose
from ...engine.loop import Scheduler
from ...engine.pipeline import Moved, Pipeline
from ...engine.protocols import break_off
from ...engine.relay import Relay
from ...engine.resolver import Resolver
from ...transports.conn import Conn, StreamConn
from .inside import listed
from .onward import Onward, OnwardDial

if TYPE_CHECKING:
    from ...engine.record import Recorder
    from .spoiling import SpoiledRelay


class Services(NamedTuple):
    """The parameters that all connections share; see RelaySetup.

    ``tells``: report the start and the end of each. (It costs time, and is rarely wanted.)
    """

    onward: Onward
    resolver: Resolver
    endings: Endings
    pipeline: Callable[[], Pipeline]
    recorder: Callable[[int, Address], Recorder] | None
    report: Report
    resets: bool
    spoiled: SpoiledRelay | None = None
    tells: bool = True


Make = Callable[[Scheduler, Conn, "Callable[[Joined], None]"], "Joined"]


def maker(services: Services, given: Iterator[int] | None = None) -> Make:
    """Return the maker of a relay's sessions; see Joined and shared/clients.Make.

    Arguments:
        given: their numbers; None: 1, 2, 3...
    """
    numbers = count(1) if given is None else given
    return lambda loop, client, left: Joined(services, loop, client, next(numbers), left)


class Joined:
    """One client's connection and its onward connection.

    Arguments:
        services: what all sessions share.
        loop: the client's Boundary of the loop.
        client: its connection, which the session then owns.
        number: the connection's number, from 1.
        left: called once, at the end.
    """

    def __init__(
        self,
        services: Services,
        loop: Scheduler,
        client: Conn,
        number: int,
        left: Callable[[Joined], None],
    ) -> None:
        #: The error that ended the session; None without one.
        self.failure: Exception | None = None
        self.client = client
        self.target: Conn | None = None
        self.began = time.monotonic()
        self._services = services
        self._loop = loop
        self.number = number
        self._left = left
        self._activities: list[OnwardDial | DirectRelay | Relay | LingeringClose] = []
        self._relay: DirectRelay | Relay | None = None
        self._recorder: Recorder | None = None
        self._over = False

    @property
    def moved(self) -> Moved:
        """The number of bytes moved in each direction."""
        return Moved(0, 0) if self._relay is None else self._relay.moved

    def start(self) -> None:
        """Start the session."""
        _keep_alive(self.client)
        services = self._services
        if services.spoiled is not None and services.spoiled.refuses(self.number):
            services.report(Denied(self.client.peer, "refused by a fault"))
            break_off(self.client)
            self._leave()
            return
        dialling = OnwardDial(
            services.onward,
            self._loop,
            services.resolver,
            self.client.peer,
            self.client.local,
            self._dialled,
        )
        self._do(dialling)

    def listing(self) -> dict[str, object]:
        """Return the session's row for --control and SIGUSR1."""
        return listed(self, None if self.target is None else self._where)

    def give_up(self) -> None:
        """End both connections by RST, and call ``left``."""
        if not self._over:
            self.break_off()
            self._left(self)

    def close(self) -> None:
        """Close both connections without calling a callback. Idempotent."""
        self._stop()
        self.client.close()
        if self.target is not None:
            self.target.close()

    def break_off(self) -> None:
        """End both connections by RST, so that neither peer takes the end for EOF."""
        try:
            self._stop()
        finally:
            break_off(self.client)
            if self.target is not None:
                break_off(self.target)

    def _stop(self) -> None:
        self._over = True
        for activity in self._activities:
            activity.stop()
        self._activities.clear()
        if self._recorder is not None:
            self._recorder.close()
            self._recorder = None
        if self._services.spoiled is not None:
            self._services.spoiled.end(self.number)

    # The activities of the session, one after the other.

    def _do(self, *activities: OnwardDial | DirectRelay | Relay | LingeringClose) -> None:
        self._activities = list(activities)
        for activity in activities:
            activity.start()

    def _dialled(self, dialled: OnwardDial) -> None:
        services = self._services
        if dialled.conn is None:
            assert dialled.failure is not None
            self._refuse(dialled.failure)
            return
        self.target = dialled.conn
        _keep_alive(self.target)
        self._where = dialled.target
        if services.tells:
            times = (dialled.lookup, dialled.connect, dialled.handshake)
            lookup, connect, handshake = (_milliseconds(one) for one in times)
            services.report(Dialled(self.client.peer, dialled.target, lookup, connect, handshake))
        pipeline = services.pipeline()
        if services.recorder is not None:
            self._recorder = services.recorder(self.number, self.client.peer)
            pipeline = pipeline._replace(tap=self._recorder.tap)
        if services.spoiled is not None:
            line = services.spoiled.begin(self.number)
            pipeline = pipeline._replace(sent_filter=line.up, received_filter=line.down)
        self._relay = relay_between(
            self._loop,
            self.client,
            self.target,
            services.endings,
            pipeline,
            self._relayed,
            first=True,
        )
        self._do(self._relay)

    def _refuse(self, failure: PyncError) -> None:
        self.failure = failure
        if self._services.resets:
            break_off(self.client)
            self._leave()
        else:
            self._do(LingeringClose(self._loop, self.client, self._leave))

    def _relayed(self, relay: DirectRelay | Relay) -> None:
        assert self.target is not None
        self.failure = relay.failure
        if self._services.tells:
            self._tell_end(relay)
        if relay.failure is None:
            self._leave()
            return
        # (For a connection that was reset there is nothing to wait for.)
        ends = relay.ends
        sides = ((self.client, ends.local), (self.target, ends.remote))
        waiting = {conn for conn, end in sides if end != RESET}

        def gone(conn: Conn) -> None:
            waiting.discard(conn)
            if not waiting:
                self._leave()

        if waiting:
            self._do(*(self._breaking(conn, gone) for conn in list(waiting)))
        else:
            self._leave()

    def _tell_end(self, relay: DirectRelay | Relay) -> None:
        (peer, target), ends = (self.client.peer, self._where), relay.ends
        seconds = time.monotonic() - self.began
        told = Closed(peer, target, *relay.moved, ends.local, ends.remote, seconds)
        self._services.report(told)

    def _breaking(self, conn: Conn, gone: Callable[[Conn], None]) -> LingeringClose:
        return LingeringClose(self._loop, conn, lambda: gone(conn), broken=True)

    def _leave(self) -> None:
        if not self._over:
            self.close()
            self._left(self)


def _keep_alive(conn: Conn) -> None:
    """Turn keepalive on, to detect a peer that has disappeared."""
    if isinstance(conn, StreamConn):
        conn.keep_alive()


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(1000 * seconds, 3)
