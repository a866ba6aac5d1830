"""Dialling through proxies: to the first of them, and from each to the next."""

from __future__ import annotations

import socket

from ...core.address import Address
from ...core.config import Config, Proxy
from ...core.deadline import Deadline
from ...core.errors import DialError, ProxyError, cause_of, shortened
from ...core.events import Report
from ...core.number import is_digits
from ...layers.handshake import Handshake, HandshakeError
from ...transports import dial
from ...transports.conn import Conn
from ...transports.services import number_of
from .options import options_of
from .proxy_login import ProxyLogin

#: Who looks the target's name up here, and does not leave it to the proxy.
_LOCAL = ("local", "none")


def dial_through(config: Config, report: Report) -> Conn:
    """A connection to the address asked for, through every proxy in turn.

    Raises DialError, ProxyError.
    """
    identities = [ProxyLogin(proxy, report) for proxy in config.proxies]
    while True:
        try:
            return _dial_in_turn(config, report, identities)
        except _Asked:
            # Again from the start: a connection on which a proxy has refused may be over.
            continue


class _Asked(Exception):
    """A proxy has asked who we are, and will be told."""


def _dial_in_turn(config: Config, report: Report, identities: list[ProxyLogin]) -> Conn:
    address = config.address
    assert address is not None
    options = options_of(config, report)
    deadline = Deadline(options.timeout)
    first = config.proxies[0]
    hops = [(proxy.host, proxy.port) for proxy in config.proxies[1:]]
    conn = dial(Address("tcp", first.host, first.port), options)
    try:
        # Not before: a proxy that is down is the fault to name, as nc and ncat do.
        hops.append((_target(config, address), address.service))
        for proxy, identity, (host, port) in zip(config.proxies, identities, hops):
            _pass(conn, proxy, identity, (host, port_number(port, address)), deadline, address)
    except BaseException:
        conn.close()
        raise
    conn.peer = address
    return conn


def _pass(
    conn: Conn,
    proxy: Proxy,
    identity: ProxyLogin,
    where: tuple[str, int],
    deadline: Deadline,
    address: Address,
) -> None:
    from ...layers.http_connect import StatusError, authority
    from ...transports.tunnel import negotiate

    try:
        try:
            negotiate(conn, handshake_with(proxy, identity, *where), deadline)
        except StatusError as refusal:
            identity.answer(refusal, authority(*where))
            raise _Asked from None
    except StatusError as error:
        raise ProxyError("dial", address, str(error), error.status, error.line) from None
    except HandshakeError as error:
        raise ProxyError("dial", address, str(error), code=error.code) from None
    except OSError as error:
        raise ProxyError("dial", address, f"proxy: {cause_of(error)}") from None


def handshake_with(proxy: Proxy, identity: ProxyLogin, host: str, port: int) -> Handshake[None]:
    """Asking this proxy for the way to a host."""
    from ...layers import http_connect, socks

    if proxy.kind == "http":
        return http_connect.connect(host, port, identity.authorization)
    if proxy.kind == "socks4":
        return socks.connect4(host, port, proxy.user if proxy.given is None else proxy.given)
    if proxy.given is not None and ":" not in proxy.given:
        return socks.connect5(host, port, proxy.user, None)
    return socks.connect5(host, port, proxy.user, proxy.password or "")


def _target(config: Config, address: Address) -> str:
    if config.proxy_dns not in _LOCAL:
        return address.host
    family = socket.AF_INET if config.proxies[-1].kind == "socks4" else socket.AF_UNSPEC
    try:
        found = socket.getaddrinfo(address.host, None, family, socket.SOCK_STREAM)
    except OSError as error:
        raise DialError("dial", address, cause_of(error)) from None
    except UnicodeError:
        raise DialError("dial", address, "not a valid host name") from None
    return str(found[0][4][0])


def port_number(port: str, address: Address) -> int:
    """The number of a port, which may be a service's name. Raises DialError about ``address``."""
    number = number_of(port, "tcp")
    if number is None and is_digits(port):
        raise DialError("dial", address, f"port number too large: {shortened(port)}")
    if number is None:
        raise DialError("dial", address, f"unknown service {shortened(port)}")
    return number
