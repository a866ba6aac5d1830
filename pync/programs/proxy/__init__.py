"""The proxy server (``-l --proxy-type``): every client goes where it asks to go, in one loop.

Names are looked up beside it (engine/resolver.py), everything else waits in it. What two
plain sockets say to each other after the handshake never leaves the kernel (engine/zerocopy.py).
"""

from __future__ import annotations

from ...core import exits
from ...core.address import Address
from ...core.config import Config, Endings, Proxy
from ...core.errors import UsageError
from ...core.events import Accepted, Failed, Report, silent
from ...engine.boundary import Boundary, as_failure
from ...engine.loop import Loop
from ...engine.pace import Rate
from ...engine.pipeline import Pipeline, Tap
from ...engine.protocols import break_off
from ...engine.resolver import Resolver
from ...transports import Options, everyone, listen
from ...transports.conn import Conn, Listener
from ...transports.stdio import Stdio
from ..shared.acceptor import Acceptor, allow_many_descriptors
from ..shared.announce import announce
from ..shared.connect import check_listener
from ..shared.options import options_of
from ..shared.talk import recording
from ..shared.via_proxies import Route, port_number, route_of
from .session import Make, Services, Session
from .socks import VERSIONS, socks_sessions
from .targets import Admits, target_gate

#: Seconds in which a target must be reached, unless the user says otherwise.
DIALLING = 30.0


def run(config: Config, _stdio: Stdio, report: Report) -> int:
    """Serve until a signal ends it. Raises PyncError, UsageError."""
    assert config.address is not None
    assert config.serves is not None
    check_listener(config)
    make, admits = _sessions(config.serves), target_gate(config)
    allow_many_descriptors()
    with recording(config) as tap, listen(config.address, options_of(config, report)) as listener:
        announce(listener, config, report)
        with Loop() as loop, Resolver(loop) as resolver:
            server = _Server(config, make, admits, loop, resolver, listener, report, tap)
            try:
                server.open()
                loop.run_while(lambda: True)
            finally:
                server.close()
    return exits.OK


class _Server:
    """Who is inside."""

    def __init__(
        self,
        config: Config,
        make: Make,
        admits: Admits,
        loop: Loop,
        resolver: Resolver,
        listener: Listener,
        report: Report,
        tap: Tap | None,
    ) -> None:
        self._report = report
        self._make = make
        self._sessions: set[Session] = set()
        self._acceptor = Acceptor(loop, config, listener, report, self._enter)
        self._services = Services(
            loop,
            resolver,
            _dial_options(config, report),
            # Each side's end goes to the other, and both must have ended.
            Endings(on_peer_end="stay", idle=config.endings.idle),
            lambda: _pipeline(config, tap),
            report,
            _onward(config),
            admits,
        )

    def open(self) -> None:
        """Let clients come."""
        self._acceptor.open()

    def close(self) -> None:
        """Let go of everybody."""
        self._acceptor.close()
        for session in list(self._sessions):
            session.close()

    def _enter(self, conn: Conn) -> None:
        self._report(Accepted(conn.peer))

        def failed(error: Exception) -> None:
            self._report(Failed(as_failure(error, conn.peer)))
            self._sessions.difference_update(entered)
            self._acceptor.left()
            for session in entered:
                session.break_off()
            break_off(conn)

        entered: list[Session] = []
        boundary = Boundary(self._services.loop, failed)
        with boundary:
            services = self._services._replace(loop=boundary)
            entered.append(self._make(services, conn, self._left))
            self._sessions.update(entered)
            entered[0].start()

    def _left(self, session: Session) -> None:
        self._sessions.remove(session)
        self._acceptor.left()


def _sessions(serves: Proxy) -> Make:
    """What makes the sessions of this kind of proxy. Raises UsageError."""
    auth = None if serves.user is None else (serves.user, serves.password or "")
    if serves.kind in VERSIONS:
        return socks_sessions(serves.kind, auth)
    try:
        from .http import http_sessions
    except ModuleNotFoundError:
        raise UsageError("an HTTP proxy needs h11: pip install 'pync-nc[proxy]'") from None
    return http_sessions(auth)


def _dial_options(config: Config, report: Report) -> Options:
    asked = config.connect_timeout if config.connect_timeout is not None else config.wait
    options = options_of(config, report)
    return options._replace(
        timeout=DIALLING if asked is None else asked,
        # These say where we listen, and which clients may connect.
        source=None,
        source_port=None,
        admits=everyone,
        # The session tells of a target that could not be reached.
        report=silent,
    )


def _onward(config: Config) -> Route:
    """The proxies that we pass. Raises DialError for a port that is none."""
    for proxy in config.proxies:
        port_number(proxy.port, Address("tcp", proxy.host, proxy.port))
    return route_of(config)


def _pipeline(config: Config, tap: Tap | None) -> Pipeline:
    if config.rate is None:
        return Pipeline(tap=tap)
    return Pipeline(pace=Rate(config.rate), received_pace=Rate(config.rate), tap=tap)
