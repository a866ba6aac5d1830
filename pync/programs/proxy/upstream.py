"""A target that is reached through further proxies (``-l --proxy-type ... --proxy ...``).

What programs/shared/via_proxies.py does for a client, in a loop that carries others too.
"""

from __future__ import annotations

from collections.abc import Callable

from ...core.address import Address
from ...core.config import Proxy
from ...core.errors import DialError, ProxyError, PyncError, cause_of
from ...core.events import Report
from ...engine.connector import Connector
from ...engine.handshake import HandshakeRun
from ...engine.loop import Scheduler, Timer
from ...engine.resolver import Resolver
from ...layers.handshake import HandshakeError
from ...layers.http_connect import StatusError, authority
from ...transports import Options
from ...transports.conn import TcpConn
from ..shared.proxy_login import ProxyLogin
from ..shared.via_proxies import handshake_with

#: Seconds for everything, where the user has set no limit.
HANDSHAKE_TIMEOUT = 60.0


class UpstreamDial:
    """One way through proxies.

    Arguments:
        loop, resolver, options: as for a Connector.
        proxies: passed in this order.
        address: the target.
        report: called with the event of a wrong password.
        finished: is called once; ``conn`` or ``failure`` says how.
    """

    def __init__(
        self,
        loop: Scheduler,
        resolver: Resolver,
        options: Options,
        proxies: tuple[Proxy, ...],
        address: Address,
        report: Report,
        finished: Callable[[UpstreamDial], None],
    ) -> None:
        #: The connection, which is the caller's then.
        self.conn: TcpConn | None = None
        self.failure: PyncError | None = None
        self._loop = loop
        self._resolver = resolver
        self._options = options
        self._proxies = proxies
        self._address = address
        self._finished = finished
        self._identities = [ProxyLogin(proxy, report) for proxy in proxies]
        self._hops = [(proxy.host, int(proxy.port)) for proxy in proxies[1:]]
        self._hops.append((address.host, address.port))
        self._between: TcpConn | None = None
        self._activity: Connector | HandshakeRun[None] | None = None
        self._timer: Timer | None = None

    def start(self) -> None:
        """Begin."""
        seconds = self._options.timeout
        self._timer = self._loop.call_later(
            HANDSHAKE_TIMEOUT if seconds is None else seconds, self._late
        )
        self._dial()

    def stop(self) -> None:
        """Give up; no callback is called. Idempotent."""
        if self._timer is not None:
            self._timer.cancel()
        if self._activity is not None:
            self._activity.stop()
        if self._between is not None:
            self._between.close()
            self._between = None

    def _dial(self) -> None:
        first = self._proxies[0]
        address = Address("tcp", first.host, first.port)
        options = self._options._replace(timeout=None)
        self._do(Connector(self._loop, self._resolver, address, options, self._dialled))

    def _dialled(self, connector: Connector) -> None:
        if connector.failure is not None:
            self._fail(connector.failure)
            return
        self._between = connector.conn
        self._pass(0)

    def _pass(self, number: int) -> None:
        """Ask one proxy for the way to the next, or to the target."""
        assert self._between is not None
        if number == len(self._proxies):
            conn, self._between = self._between, None
            self.stop()
            self.conn = conn
            self._finished(self)
            return

        def finished(handshake_run: HandshakeRun[None]) -> None:
            if handshake_run.failure is None:
                self._pass(number + 1)
            else:
                self._refused(number, handshake_run.failure)

        handshake = handshake_with(
            self._proxies[number], self._identities[number], *self._hops[number]
        )
        self._do(HandshakeRun(self._loop, self._between, handshake, HANDSHAKE_TIMEOUT, finished))

    def _refused(self, number: int, failure: Exception) -> None:
        try:
            if isinstance(failure, StatusError):
                self._identities[number].answer(failure, authority(*self._hops[number]))
                # Again from the start: the connection on which it has refused may be over.
                assert self._between is not None
                self._between.close()
                self._dial()
                return
        except HandshakeError as error:
            failure = error
        cause = cause_of(failure) if isinstance(failure, OSError) else str(failure)
        self._fail(ProxyError("dial", self._address, cause))

    def _do(self, activity: Connector | HandshakeRun[None]) -> None:
        self._activity = activity
        activity.start()

    def _late(self) -> None:
        self._fail(DialError("dial", self._address, "timed out"))

    def _fail(self, failure: PyncError) -> None:
        self.stop()
        self.failure = failure
        self._finished(self)
