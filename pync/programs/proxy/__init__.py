"""The proxy server (``-l --proxy-type``): it connects every client to its target, in one loop.

Names are looked up in threads (engine/resolver.py), everything else runs in the loop. After the
handshake, bytes between two plain sockets stay inside the kernel (engine/zerocopy.py).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ...core import exits
from ...core.address import Address
from ...core.config import Proxy
from ...core.endings import Endings
from ...core.errors import UsageError
from ...core.events import Report
from ...core.typed import TYPE_CHECKING, NamedTuple
from ...engine.loop import Loop
from ...engine.pipeline import Pipeline, Tap
from ...engine.resolver import Resolver
from ...transports import Options
from ...transports.listener import Listener
from ..shared.acceptor import allow_many_descriptors
from ..shared.clients import Clients
from ..shared.listening import ListenSetup, prepare
from ..shared.served import serve_clients
from ..shared.talk import recording
from ..shared.via_proxies import Route, port_number
from .session import Make, Services
from .socks import VERSIONS, socks_sessions
from .targets import Admits, anywhere

if TYPE_CHECKING:
    from ...engine.record import Recorder

#: The default seconds in which a target must be reached.
TARGET_TIMEOUT = 30.0


class ProxySetup(NamedTuple):
    """Which clients to serve, and their allowed targets.

    ``serves``: the protocol, and the login that clients need. ``options``: how targets are dialled.
    ``endings`` and ``pipeline``: those of each client. ``admits``: returns whether a client may
    connect to a target. ``route``: the proxies on the way to it.
    """

    listen: ListenSetup
    serves: Proxy
    options: Options
    endings: Endings
    pipeline: Callable[[], Pipeline] = Pipeline
    recorder: Callable[[], Recorder] | None = None
    admits: Admits = anywhere
    route: Route | None = None


def run(setup: ProxySetup, report: Report) -> int:
    """Serve until a signal ends it. Raises PyncError, UsageError."""
    prepare(setup.listen)
    make = _sessions(setup.serves)
    if setup.route is not None:
        _check_ports(setup.route)
    allow_many_descriptors()
    with recording(setup.recorder) as tap:
        serve_clients(setup.listen, report, partial(_serve, setup, make, tap))
    return exits.OK


def _serve(
    setup: ProxySetup,
    make: Make,
    tap: Tap | None,
    near: ListenSetup,
    listener: Listener,
    report: Report,
) -> None:
    """Serve the clients of a listener."""
    with Loop() as loop, Resolver(loop) as resolver:
        services = Services(
            loop,
            resolver,
            setup.options,
            setup.endings,
            setup.pipeline if tap is None else lambda: setup.pipeline()._replace(tap=tap),
            report,
            setup.route,
            setup.admits,
        )
        enter = lambda boundary, conn, left: make(  # noqa: E731
            services._replace(loop=boundary), conn, left
        )
        server = Clients(loop, near, listener, report, enter)
        try:
            server.open()
            loop.run_while(lambda: True)
        finally:
            server.close()


def _sessions(serves: Proxy) -> Make:
    """Return the maker of the sessions of this kind of proxy. Raises UsageError."""
    auth = None if serves.user is None else (serves.user, serves.password or "")
    if serves.kind in VERSIONS:
        return socks_sessions(serves.kind, auth)
    try:
        from .http import http_sessions
    except ModuleNotFoundError:
        raise UsageError("an HTTP proxy needs h11: pip install h11") from None
    return http_sessions(auth)


def _check_ports(route: Route) -> None:
    """Raise DialError for an invalid port."""
    for proxy in route.proxies:
        port_number(proxy.port, Address("tcp", proxy.host, proxy.port))
