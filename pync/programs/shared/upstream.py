"""Connecting to a target through further proxies (``-l --proxy-type ... --proxy ...``).

This does in a loop what dial_through() does for a client; both use the ProxyChain of
programs/shared/via_proxies.py.
"""

from __future__ import annotations

from collections.abc import Callable

from ...core.address import Address
from ...core.deadline import Deadline
from ...core.errors import DialError, PyncError
from ...core.typed import TYPE_CHECKING
from ...engine.connector import Connector
from ...engine.handshake import HandshakeRun
from ...engine.loop import Scheduler, Timer
from ...engine.resolver import Lookup, Resolver
from ...transports import Options
from ...transports.conn import TcpConn
from .via_proxies import LoginAsked, ProxyChain, Route

if TYPE_CHECKING:
    from ...engine.resolver import Found

#: The time limit for everything, in seconds, unless the user sets one.
TIMEOUT = 60.0


class UpstreamDial:
    """One dial through proxies.

    Arguments:
        loop, resolver, options: as for a Connector; the user is never asked for a password.
        route: the proxies.
        address: the target.
        finished: called once at the end; ``conn`` or ``failure`` is set then.
    """

    def __init__(
        self,
        loop: Scheduler,
        resolver: Resolver,
        options: Options,
        route: Route,
        address: Address,
        finished: Callable[[UpstreamDial], None],
    ) -> None:
        #: The connection. The caller owns it.
        self.conn: TcpConn | None = None
        self.failure: PyncError | None = None
        self._loop = loop
        self._resolver = resolver
        self._options = options
        self._chain = ProxyChain(route, address, options.report)
        self._finished = finished
        self._deadline = Deadline(TIMEOUT if options.timeout is None else options.timeout)
        self._between: TcpConn | None = None
        self._activity: Connector | HandshakeRun[None] | None = None
        self._lookup: Lookup | None = None
        self._timer: Timer | None = None

    def start(self) -> None:
        """Start the dial."""
        self._dial()

    def stop(self) -> None:
        """Abandon the dial without calling a callback. Idempotent."""
        self._end_lookup()
        if self._activity is not None:
            self._activity.stop()
        if self._between is not None:
            self._between.close()
            self._between = None

    def _dial(self) -> None:
        options = self._options._replace(timeout=self._seconds_left())
        self._do(Connector(self._loop, self._resolver, self._chain.first, options, self._dialled))

    def _dialled(self, connector: Connector) -> None:
        if connector.failure is not None:
            self._fail(connector.failure)
            return
        self._between = connector.conn
        if self._chain.lookup is None:
            self._negotiate()
            return
        options = Options(client=self._options.client)
        found = self._loop.bound(self._found)
        self._timer = self._loop.call_later(self._seconds_left(), self._not_found)
        self._lookup = self._resolver.look_up(self._chain.lookup, options, found)

    def _found(self, found: Found) -> None:
        self._end_lookup()
        if isinstance(found, DialError):
            self._fail(self._chain.failure(found))
        else:
            self._chain.found(str(found[0].name[0]))
            self._negotiate()

    def _not_found(self) -> None:
        self._fail(DialError("dial", self._chain.target, "timed out"))

    def _end_lookup(self) -> None:
        if self._lookup is not None:
            self._lookup.cancel()
        if self._timer is not None:
            self._timer.cancel()

    def _negotiate(self) -> None:
        assert self._between is not None
        handshake, seconds = self._chain.handshake(), self._seconds_left()
        self._do(HandshakeRun(self._loop, self._between, handshake, seconds, self._passed))

    def _passed(self, handshake_run: HandshakeRun[None]) -> None:
        assert self._between is not None
        failure = handshake_run.failure
        if isinstance(failure, LoginAsked):
            # Dial again: the proxy may close the connection on which it has refused.
            self._between.close()
            self._dial()
        elif failure is not None:
            self._fail(self._chain.failure(failure))
        else:
            self.conn, self._between = self._between, None
            self.conn.peer = self._chain.target
            self._finished(self)

    def _do(self, activity: Connector | HandshakeRun[None]) -> None:
        self._activity = activity
        activity.start()

    def _seconds_left(self) -> float:
        seconds = self._deadline.remaining
        assert seconds is not None
        return seconds

    def _fail(self, failure: PyncError) -> None:
        self.stop()
        self.failure = failure
        self._finished(self)
