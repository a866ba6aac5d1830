"""Loose source routing of IPv4 (RFC 791 3.1): hops that a packet has to pass on its way."""

from __future__ import annotations

import socket

from ..core.address import Address
from ..core.errors import DialError, cause_of
from . import Options

#: RFC 791 3.1: option types. The NOP is one byte of padding, so that the addresses are aligned.
_NOP, _LSRR = 1, 131

#: The options of a header have 40 bytes: nine addresses, the last of them the destination.
MOST_HOPS = 8


def set_route(sock: socket.socket, options: Options, name: tuple[object, ...]) -> None:
    """Set the hops of ``options`` on a socket. ``name``: the destination.

    Raises OSError, and DialError for a hop that is not found.
    """
    if options.source_route and sock.family == socket.AF_INET:
        hops = [_resolved(hop, options) for hop in options.source_route]
        route = loose_route([*hops, str(name[0])], options.route_pointer)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, route)


def loose_route(hops: list[str], pointer: int) -> bytes:
    """Return the option in the format of the IP header.

    Arguments:
        hops: IPv4 addresses, the destination last.
        pointer: the position of the next hop: 4 is the first one.
    """
    addresses = b"".join(socket.inet_aton(hop) for hop in hops)
    return bytes((_NOP, _LSRR, 3 + len(addresses), pointer)) + addresses


def _resolved(hop: str, options: Options) -> str:
    flags = socket.AI_NUMERICHOST if options.numeric else 0
    try:
        found = socket.getaddrinfo(hop, None, socket.AF_INET, socket.SOCK_STREAM, 0, flags)
    except socket.gaierror as error:
        raise DialError("route", Address("tcp", hop, "0"), cause_of(error)) from None
    except UnicodeError:
        cause = "the name is not a valid host name"
        raise DialError("route", Address("tcp", hop, "0"), cause) from None
    return str(found[0][4][0])
