"""What TCP and UDP share: names to socket addresses, and back."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from typing import NamedTuple

from ..core.address import INTERNET, Address
from ..core.errors import DialError, PyncError, cause_of
from . import Options

FAMILIES = {0: socket.AF_UNSPEC, 4: socket.AF_INET, 6: socket.AF_INET6}

#: Listening without a host: one socket each, so that peers keep their own form of
#: address (no ::ffff:127.0.0.1).
WILDCARDS = ("0.0.0.0", "::")


class Endpoint(NamedTuple):
    """One socket address of a name."""

    family: int
    name: tuple[object, ...]


def resolve(
    address: Address,
    options: Options,
    kind: int,
    wrong: type[PyncError] = DialError,
    passive: bool = False,
) -> list[Endpoint]:
    """Every socket address of an address, in the order in which to try them.

    Raises ``wrong`` (a PyncError) when there is none.
    """
    flags = (socket.AI_NUMERICHOST if options.numeric else 0) | (
        socket.AI_PASSIVE if passive else 0
    )
    wanted = FAMILIES[INTERNET[address.scheme] or options.family]
    try:
        found = socket.getaddrinfo(
            address.host or None, _port(address, kind, wrong, passive), wanted, kind, 0, flags
        )
    except socket.gaierror as error:
        operation = "listen" if passive else "dial"
        raise wrong(operation, address, cause_of(error)) from None
    except UnicodeError:
        raise wrong("dial", address, "the name is no host name") from None
    return list(dict.fromkeys(Endpoint(family, name) for family, _, _, _, name in found))


def _port(address: Address, kind: int, wrong: type[PyncError], passive: bool) -> int:
    if address.port.isdigit():
        return int(address.port)
    protocol = "udp" if kind == socket.SOCK_DGRAM else "tcp"
    try:
        return socket.getservbyname(address.port, protocol)
    except OSError:
        operation = "listen" if passive else "dial"
        raise wrong(operation, address, f"unknown service {address.port!r}") from None


def listening_endpoints(
    address: Address, options: Options, kind: int, wrong: type[PyncError]
) -> Iterator[Endpoint]:
    """Where to listen: every address of the host, or both wildcards.

    Raises ``wrong``.
    """
    limit = INTERNET[address.scheme] or options.family
    if address.host:
        yield from resolve(address, options, kind, wrong, passive=True)
        return
    for host in WILDCARDS:
        if not limit or limit == (6 if ":" in host else 4):
            yield from resolve(address._replace(host=host), options, kind, wrong, passive=True)


def bind_source(sock: socket.socket, address: Address, options: Options, kind: int) -> None:
    """Bind the source address and port that were asked for.

    Raises OSError, or DialError for a name that does not resolve.
    """
    if options.source is None and options.source_port is None:
        return
    if kind == socket.SOCK_STREAM:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    host = options.source or ("::" if sock.family == socket.AF_INET6 else "0.0.0.0")
    source = Address(address.scheme, host, options.source_port or "0")
    family = 6 if sock.family == socket.AF_INET6 else 4
    endpoints = resolve(source, options._replace(family=family), kind)
    sock.bind(endpoints[0].name)


def address_of(scheme: str, name: object) -> Address:
    """The address of a socket name."""
    if not isinstance(name, tuple):
        return Address(scheme, "", "0")
    host = str(name[0])
    # A dual-stack socket shows IPv4 peers as ::ffff:a.b.c.d (RFC 4291 2.5.5.2).
    if host.startswith("::ffff:") and "." in host:
        host = host[len("::ffff:") :]
    return Address(scheme, host, str(name[1]))


def only_ipv6(sock: socket.socket) -> None:
    """Keep an IPv6 listener out of the way of the IPv4 one on the same port."""
    if sock.family == socket.AF_INET6:
        with contextlib.suppress(OSError, AttributeError):
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
