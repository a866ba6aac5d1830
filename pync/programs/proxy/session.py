"""One client of a proxy server, for all protocols: handshake, dial, relay, end.

It performs one activity at a time, and each waits in the loop: a slow client, name or target does
not delay others. Subclasses implement the client's protocol.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from ...core.address import Address
from ...core.endings import Endings
from ...core.errors import PyncError, cause_of
from ...core.events import Finished, Report
from ...core.server_events import Dropped, Proxied
from ...core.typed import TYPE_CHECKING, NamedTuple, Protocol
from ...engine.connector import Connector
from ...engine.direct import DirectRelay, relay_between
from ...engine.handshake import HandshakeRun
from ...engine.lingering_close import LingeringClose
from ...engine.loop import Scheduler
from ...engine.pipeline import Pipeline
from ...engine.protocols import break_off
from ...engine.relay import Relay
from ...engine.resolver import Resolver
from ...layers.handshake import Handshake, Result, say
from ...transports import Options
from ...transports.conn import Conn, StreamConn, TcpConn
from ..shared.via_proxies import Route
from .targets import Admits

if TYPE_CHECKING:
    from ..shared.upstream import UpstreamDial

#: Seconds that a client has to send its target, and to receive the answer.
HANDSHAKE = 10.0


class Services(NamedTuple):
    """The parameters that all sessions of one server share.

    ``loop``: for each client, its own Boundary. ``dial_options``: how to dial targets.
    ``pipeline``: makes the pipeline of one client. ``route``: the proxies on the way to a target.
    ``admits``: returns whether a client may connect to a target.
    """

    loop: Scheduler
    resolver: Resolver
    dial_options: Options
    endings: Endings
    pipeline: Callable[[], Pipeline]
    report: Report
    route: Route | None = None
    admits: Admits = lambda _client, _target: True


class Activity(Protocol):
    """The current activity of a session."""

    def start(self) -> None:
        """Start the activity."""

    def stop(self) -> None:
        """Stop without calling a callback. Idempotent."""


class Session:
    """The session of one client.

    Arguments:
        services: what all sessions share.
        client: the client's connection, owned by this object.
        left: called once, at the end.
    """

    def __init__(self, services: Services, client: Conn, left: Callable[[Session], None]) -> None:
        self._services = services
        self._client = client
        self._target: TcpConn | None = None
        self._pipeline = services.pipeline()
        self._left = left
        self._activity: Activity | None = None
        self._over = False
        self._began = 0.0
        if isinstance(client, StreamConn):
            client.keep_alive()

    def start(self) -> None:
        """Start to serve the client."""
        raise NotImplementedError

    def close(self) -> None:
        """Close both connections without calling a callback. Idempotent."""
        self._over = True
        if self._activity is not None:
            self._activity.stop()
        self._client.close()
        if self._target is not None:
            self._target.close()

    def break_off(self) -> None:
        """End both connections by RST, so that neither peer takes the end for EOF."""
        self._over = True
        try:
            if self._activity is not None:
                self._activity.stop()
        finally:
            break_off(self._client)
            if self._target is not None:
                self._target.abort()

    # The activities, one after the other.

    def _do(self, activity: Activity) -> None:
        self._activity = activity
        activity.start()

    def _negotiate(self, handshake: Handshake[Result], then: Callable[[Result], None]) -> None:
        """Run a handshake with the client; close the client if it fails."""

        def finished(handshake_run: HandshakeRun[Result]) -> None:
            if handshake_run.failure is not None:
                self._drop(handshake_run.failure)
            else:
                then(handshake_run.result)

        self._do(HandshakeRun(self._services.loop, self._client, handshake, HANDSHAKE, finished))

    def _say(self, answer: bytes, then: Callable[[], None]) -> None:
        """Send an answer to the client, at once if it fits; close the client if that fails."""
        try:
            sent = self._client.send(answer)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError as error:
            self._drop(error)
            return
        if sent == len(answer):
            then()
        else:
            self._negotiate(say(answer[sent:]), lambda _: then())

    def _dial(self, host: str, port: int, then: Callable[[PyncError | None], None]) -> None:
        """Connect to the client's target; this object then owns the connection."""
        address, client = Address("tcp", host, str(port)), self._client.peer

        def finished(dialled: Connector | UpstreamDial) -> None:
            if dialled.conn is not None:
                self._target = dialled.conn
                self._target.keep_alive()
                self._services.report(Proxied(self._client.peer, address))
            then(dialled.failure)

        loop, resolver, options, *_ = services = self._services
        admits, name = (lambda target: services.admits(client, target)), client.host or client.path
        if services.route is None:
            self._do(Connector(loop, resolver, address, options, finished, name, admits))
            return
        from ..shared.upstream import UpstreamDial

        options = options._replace(admits=admits, client=name)
        self._do(UpstreamDial(loop, resolver, options, services.route, address, finished))

    def _relay(self) -> None:
        """Relay between client and target until both have ended."""
        assert self._target is not None
        services = self._services
        self._began = time.monotonic()
        self._do(
            relay_between(
                services.loop,
                self._client,
                self._target,
                services.endings,
                self._pipeline,
                self._relayed,
            )
        )

    def _relayed(self, relay: DirectRelay | Relay) -> None:
        seconds = time.monotonic() - self._began
        moved = relay.moved
        self._services.report(Finished(self._client.peer, moved.sent, moved.received, seconds))
        if relay.failure is None:
            self._leave()
        else:
            self._drop(relay.failure, broken=True)

    def _drop(self, failure: Exception, *, broken: bool = False) -> None:
        """Close a client after an error.

        Arguments:
            broken: whether to end by RST, because the other side broke; FIN would mean that the
                data is complete.
        """
        self._services.report(Dropped(self._client.peer, _cause(failure)))
        self._part(broken=broken)

    def _part(self, *, broken: bool = False) -> None:
        """Close the client when it has received the last bytes."""
        if self._target is not None:
            if broken:
                self._target.abort()
            self._target.close()
        self._do(LingeringClose(self._services.loop, self._client, self._leave, broken=broken))

    def _leave(self) -> None:
        if not self._over:
            self.close()
            self._left(self)


def _cause(failure: Exception) -> str:
    if isinstance(failure, PyncError):
        return failure.cause
    return cause_of(failure) if isinstance(failure, OSError) else str(failure)


#: Makes a session from the shared services, its client, and the callback for its end.
Make = Callable[[Services, Conn, Callable[[Session], None]], Session]
