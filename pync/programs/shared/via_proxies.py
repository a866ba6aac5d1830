"""Dialling through proxies: to the first of them, and from each to the next.

ProxyChain has the handshakes with the proxies and their errors, and does no I/O. It has two
drivers: dial_through() blocks, UpstreamDial (upstream.py) uses a loop.
"""

from __future__ import annotations

import socket
import time

from ...core.address import Address
from ...core.config import Proxy
from ...core.deadline import Deadline
from ...core.errors import DialError, ProxyError, PyncError, UnresolvedError, cause_of, shortened
from ...core.events import Report
from ...core.number import is_digits
from ...core.typed import NamedTuple
from ...layers.handshake import Handshake, HandshakeError, HandshakeTimeout
from ...transports import Options, dial
from ...transports.conn import Conn
from ...transports.services import number_of
from .proxy_login import ProxyLogin


class Route(NamedTuple):
    """The proxies to pass, in this order.

    ``resolves``: look the target's name up here, instead of letting the last proxy do it.
    """

    proxies: tuple[Proxy, ...] = ()
    resolves: bool = False


def dial_through(address: Address, route: Route, options: Options) -> Conn:
    """Return a connection to an address, through every proxy in turn.

    Arguments:
        options: as for dial(); the time-out covers everything except typing a password.

    Raises DialError, ProxyError.
    """
    chain = ProxyChain(route, address, options.report)
    deadline = Deadline(options.timeout)
    while True:
        try:
            return _dial_in_turn(chain, options, deadline)
        except LoginAsked as asked:
            # Dial again: a proxy may close the connection on which it has refused.
            if asked.by_person:
                deadline = Deadline(options.timeout)
        except (HandshakeError, OSError) as error:
            raise chain.failure(error) from None


def _dial_in_turn(chain: ProxyChain, options: Options, deadline: Deadline) -> Conn:
    from ...transports.internet import resolve
    from ...transports.tunnel import negotiate

    conn = dial(chain.first, options._replace(timeout=deadline.remaining))
    reached = time.perf_counter()
    if not options.happy_eyeballs:
        # In nc and ncat, each address has the whole time-out, and so has the handshake.
        deadline = Deadline(options.timeout)
    try:
        # Not earlier: if the proxy is down, that is the error to report, as nc and ncat do.
        if chain.lookup is not None:
            found = resolve(chain.lookup, Options(), socket.SOCK_STREAM)
            chain.found(str(found[0].name[0]))
        negotiate(conn, chain.handshake(), deadline)
    except BaseException:
        conn.close()
        raise
    conn.peer = chain.target
    made = (conn.times.connect or 0.0) + time.perf_counter() - reached
    conn.times = conn.times._replace(connect=made)
    return conn


class LoginAsked(HandshakeError):
    """An error: a proxy requires a login, which is sent on the next connection.

    Arguments:
        by_person: whether the user has typed the password.
    """

    def __init__(self, by_person: bool) -> None:
        super().__init__("the proxy asks who we are")
        self.by_person = by_person


class ProxyChain:
    """The way to one target: what to dial, what to look up, and the handshakes.

    Arguments:
        route: at least one proxy.
        target: the address to reach.
        report: called with the event of a wrong password.
    """

    def __init__(self, route: Route, target: Address, report: Report) -> None:
        self.target = target
        self._proxies = route.proxies
        self._logins = [ProxyLogin(proxy, report) for proxy in route.proxies]
        self._host = target.host
        #: The name to look up before the handshake, or None; pass its first address to found().
        self.lookup: Address | None = None
        if route.resolves:
            scheme = "tcp4" if route.proxies[-1].kind == "socks4" else "tcp"
            self.lookup = Address(scheme, target.host, "0")

    @property
    def first(self) -> Address:
        """The address to dial."""
        return Address("tcp", self._proxies[0].host, self._proxies[0].port)

    def found(self, host: str) -> None:
        """Set the address of the target's name."""
        self._host = host
        self.lookup = None

    def handshake(self) -> Handshake[None]:
        """Run the handshakes with all proxies, on a connection to the first.

        Raises HandshakeError, DialError (an invalid port); LoginAsked: dial again.
        """
        from ...layers.http_connect import StatusError, authority

        hops = [Address("tcp", proxy.host, proxy.port) for proxy in self._proxies[1:]]
        for proxy, login, hop in zip(self._proxies, self._logins, [*hops, self.target]):
            host = self._host if hop is self.target else hop.host
            port = port_number(hop.service, hop)
            try:
                yield from handshake_with(proxy, login, host, port)
            except StatusError as refusal:
                raise LoginAsked(login.answer(refusal, authority(host, port))) from None

    def failure(self, error: HandshakeError | OSError) -> PyncError:
        """Return the error to report for an error on the way."""
        from ...layers.http_connect import StatusError

        if isinstance(error, UnresolvedError) and error.address == self.lookup:
            return UnresolvedError("dial", self.target, cause_of(error))
        if isinstance(error, PyncError):
            return error
        if isinstance(error, StatusError):
            return ProxyError("dial", self.target, str(error), error.status, error.line)
        if isinstance(error, HandshakeTimeout):
            return ProxyError("dial", self.target, "proxy: timed out")
        if isinstance(error, HandshakeError):
            return ProxyError("dial", self.target, str(error), code=error.code)
        return ProxyError("dial", self.target, f"proxy: {cause_of(error)}")


def handshake_with(proxy: Proxy, identity: ProxyLogin, host: str, port: int) -> Handshake[None]:
    """Return the handshake that asks this proxy to connect to a host."""
    from ...layers import http_connect, socks

    if proxy.kind == "http":
        return http_connect.connect(host, port, identity.authorization)
    if proxy.kind == "socks4":
        return socks.connect4(host, port, proxy.user if proxy.given is None else proxy.given)
    if proxy.given is not None and ":" not in proxy.given:
        return socks.connect5(host, port, proxy.user, None)
    return socks.connect5(host, port, proxy.user, proxy.password or "")


def port_number(port: str, address: Address) -> int:
    """Return the port's number; it may be a service's name. Raises DialError about ``address``."""
    number = number_of(port, "tcp")
    if number is None and is_digits(port):
        raise DialError("dial", address, f"port number too large: {shortened(port)}")
    if number is None:
        raise DialError("dial", address, f"unknown service {shortened(port)}")
    return number
