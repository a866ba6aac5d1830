"""What TCP and UDP share: conversion of names to socket addresses, and back."""

from __future__ import annotations

import errno
import os
import sys

from ..core.address import INTERNET, Address
from ..core.errors import (
    DialError,
    ListenError,
    PyncError,
    UnresolvedError,
    cause_of,
    shortened,
)
from ..core.number import whole
from ..core.typed import Callable, NamedTuple
from . import Options
from .plainsocket import socket

FAMILIES = {0: socket.AF_UNSPEC, 4: socket.AF_INET, 6: socket.AF_INET6}

#: The addresses for listening without a host: a socket for each, so that IPv4 peers have IPv4
#: addresses (not ::ffff:127.0.0.1).
WILDCARDS = ("0.0.0.0", "::")


#: The machine does not have the family or the address; other addresses may work.
ABSENT = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT})

#: Causes about our own machine, not the peer: reported only if there are no others.
UNTELLING = frozenset(
    cause_of(OSError(number, os.strerror(number))) for number in (*ABSENT, errno.ENETUNREACH)
)

#: How often to look for a port that is free on all addresses.
FREE_PORT_TRIES = 20


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
    """Return all socket addresses of an address, in the order in which to try them.

    Raises ``wrong`` (a PyncError) when there is none.
    """
    flags = (socket.AI_NUMERICHOST if options.numeric else 0) | (
        socket.AI_PASSIVE if passive else 0
    )
    wanted = FAMILIES[INTERNET[address.scheme] or options.family]
    try:
        found = socket.getaddrinfo(
            _name(address.host), _port(address, kind, wrong, passive), wanted, kind, 0, flags
        )
    except socket.gaierror as error:
        operation = "listen" if passive else "dial"
        raise _unresolved(wrong)(operation, address, cause_of(error)) from None
    except UnicodeError:
        raise _unresolved(wrong)("dial", address, "the name is not a valid host name") from None
    return list(dict.fromkeys(Endpoint(family, name) for family, _, _, _, name in found))


def _name(host: str) -> bytes | str | None:
    # As bytes: for a str, Python would load its IDNA codec, which takes a millisecond.
    # Names that the codec refuses are passed to it (RFC 1035 2.3.4: labels of 1 to 63).
    labels = host.removesuffix(".").split(".")
    plain = host.isascii() and all(0 < len(label) < 64 for label in labels)
    return (host.encode() if plain else host) or None


def _unresolved(wrong: type[PyncError]) -> type[PyncError]:
    return UnresolvedError if wrong is DialError else wrong


def _port(address: Address, kind: int, wrong: type[PyncError], passive: bool) -> int:
    number = whole(address.service, 65535)
    if number is None:
        from .services import port_of

        number = port_of(address.service, "udp" if kind == socket.SOCK_DGRAM else "tcp")
    if number is None:
        operation = "listen" if passive else "dial"
        raise wrong(operation, address, f"unknown service {shortened(address.service)}")
    return number


def telling_cause(attempts: list[tuple[Address, str]]) -> str:
    """Return the cause to report when all attempts for an address have failed.

    It is the last one; causes such as "this machine has no IPv6" only if there are no others.
    """
    telling = [one for one in attempts if one[1] not in UNTELLING] or attempts
    return telling[-1][1] if telling else "no address to try"


def listening_sockets(
    address: Address,
    options: Options,
    kind: int,
    bound: Callable[[int, tuple[object, ...]], socket.socket],
) -> tuple[list[socket.socket], list[Address]]:
    """Return a socket on every address of the host, or without a host on both wildcards.

    Arguments:
        address: port 0 stands for a free one, the same on all addresses.
        options: family and lookup.
        kind: SOCK_STREAM or SOCK_DGRAM.
        bound: makes one socket from a family and a name.

    Raises ListenError.
    """
    endpoints = _listening_endpoints(address, options, kind)
    tries = FREE_PORT_TRIES if endpoints[0].name[1] == 0 and len(endpoints) > 1 else 1
    while True:
        tries -= 1
        try:
            socks = _bind_all(endpoints, bound, tolerant=not address.host)
        except OSError as error:
            # The port that was free on the first address is in use on the second.
            if error.errno == errno.EADDRINUSE and tries:
                continue
            raise ListenError("listen", address, cause_of(error)) from None
        return socks, [address_of(address.scheme, sock.getsockname()) for sock in socks]


def _listening_endpoints(address: Address, options: Options, kind: int) -> list[Endpoint]:
    if address.host:
        return resolve(address, options, kind, ListenError, passive=True)
    limit = INTERNET[address.scheme] or options.family
    return [
        endpoint
        for host in WILDCARDS
        if not limit or limit == (6 if ":" in host else 4)
        for endpoint in resolve(
            address._replace(host=host), options, kind, ListenError, passive=True
        )
    ]


def _bind_all(
    endpoints: list[Endpoint],
    bound: Callable[[int, tuple[object, ...]], socket.socket],
    tolerant: bool,
) -> list[socket.socket]:
    socks: list[socket.socket] = []
    absent = OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
    try:
        for family, name in endpoints:
            port = name[1] or (socks[0].getsockname()[1] if socks else 0)
            try:
                socks.append(bound(family, (name[0], port, *name[2:])))
            except OSError as error:
                if not tolerant or error.errno not in ABSENT:
                    raise
                absent = error
        if not socks:
            raise absent
    except BaseException:
        for sock in socks:
            sock.close()
        raise
    return socks


def bind_source(sock: socket.socket, address: Address, options: Options, kind: int) -> None:
    """Bind the source address and port of ``options``.

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
    """Return a socket name as an Address; a link-local one has a zone (RFC 4007 section 11)."""
    if not isinstance(name, tuple):
        return Address(scheme, "", "0")
    if len(name) == 2:  # IPv4 has no zones
        return Address(scheme, name[0], str(name[1]))
    host = str(name[0])
    if len(name) > 3 and name[3] and "%" not in host:
        host = f"{host}%{_zone(name[3])}"
    return Address(scheme, host, str(name[1]))


def _zone(index: int) -> str:
    """Return the zone of an interface as getaddrinfo(3) takes it: a number on Windows."""
    if sys.platform == "win32":
        return str(index)
    try:
        return socket.if_indextoname(index)
    except OSError:
        return str(index)  # the interface has been removed


def only_ipv6(sock: socket.socket, options: Options) -> None:
    """Keep an IPv6 listener from using the port of an IPv4 listener too."""
    if sock.family == socket.AF_INET6 and not options.dual_stack:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
