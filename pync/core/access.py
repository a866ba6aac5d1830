"""The peers that may connect: ``--allow --deny --allowfile --denyfile``. Pure; names are looked
up once, at the start, by a function that is passed in.

Deny has precedence over allow; with an allow list, all peers that are not on it are refused. An
entry is an address, a network (``10.0.0.0/8``, ``fd00::/8``), ranges of IPv4 octets
(``10.0-3.*.1``) or a name. A zone (``fe80::1%eth0``, RFC 4007 section 11) limits an entry to that
link.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable

from .errors import UsageError
from .number import whole
from .typed import NamedTuple

#: Name -> its addresses as text; raises OSError.
Resolve = Callable[[str], Iterable[str]]

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: One octet of a range: ``*``, ``7``, ``1-9``, ``-9``, ``250-``.
_OCTET = re.compile(r"\*|\d{1,3}|\d{0,3}-\d{0,3}")


class AccessError(UsageError):
    """An invalid list.

    Arguments:
        specification: the entry.
        cause: what is wrong with it.
    """

    def __init__(self, specification: str, cause: str) -> None:
        super().__init__(f"access list: {specification!r}: {cause}")
        self.specification = specification
        self.cause = cause


class UnknownHostError(AccessError):
    """A name that cannot be resolved, or an address with a mistake in it."""

    def __init__(self, specification: str, cause: str) -> None:
        super().__init__(specification, cause)
        self.args = (
            f"access list: {specification!r} is not an address, a network like 10.0.0.0/8 "
            f"or the name of a host ({cause})",
        )


class NetmaskError(AccessError):
    """A network longer than its address."""


class ListFileError(AccessError):
    """A file that cannot be read; ``specification`` is its path."""


class Ranges(NamedTuple):
    """IPv4 addresses with each octet between two bounds."""

    octets: tuple[tuple[int, int], ...]

    def __contains__(self, address: object) -> bool:
        if not isinstance(address, ipaddress.IPv4Address):
            return False
        return all(
            first <= octet <= last
            for octet, (first, last) in zip(address.packed, self.octets, strict=True)
        )


class Zoned(NamedTuple):
    """Addresses of one zone."""

    network: _Network
    zone: str


#: One entry of a list.
Entry = _Network | Ranges | Zoned


class Access(NamedTuple):
    """Two lists; with ``allowed`` None, all peers are allowed that are not denied."""

    allowed: tuple[Entry, ...] | None = None
    denied: tuple[Entry, ...] = ()

    def admits(self, host: str) -> bool:
        """Return whether a peer is allowed. A peer without an address (Unix) is on no list."""
        text, _, zone = host.partition("%")
        try:
            address = _plain(ipaddress.ip_address(text))
        except ValueError:
            return self.allowed is None
        # A peer with an unknown zone may come from any zone.
        if any(_matches(entry, address, zone, not zone) for entry in self.denied):
            return False
        return self.allowed is None or any(
            _matches(entry, address, zone, False) for entry in self.allowed
        )


def _matches(entry: Entry, address: _Address, zone: str, any_zone: bool) -> bool:
    if isinstance(entry, Zoned):
        return address in entry.network and (any_zone or zone == entry.zone)
    return address in entry


def entries(text: str) -> list[str]:
    """Return the entries of an option, separated by commas."""
    return [entry for entry in re.split(r"[,\s]+", text) if entry]


def entries_of_file(text: str) -> list[str]:
    """Return a file's entries, separated by blanks, commas or line ends; ``#`` is a comment."""
    return [entry for line in text.splitlines() for entry in entries(line.partition("#")[0])]


def read_list(specifications: Iterable[str], resolve: Resolve) -> tuple[Entry, ...]:
    """Parse entries, and look their names up. Raises AccessError."""
    return tuple(entry for one in specifications for entry in _read(one, resolve))


def _read(text: str, resolve: Resolve) -> Iterable[Entry]:
    ranges = _ranges(text)
    if ranges is not None:
        return [ranges]
    host, slash, bits = text.partition("/")
    host = host.strip("[]")
    # An address with a zone is resolved too: the zone may be the interface's number.
    found = [host] if _is_address(host) else _resolved(text, host, resolve)
    return [_entry(text, one, bits if slash else None) for one in dict.fromkeys(found)]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return "%" not in host


def _resolved(text: str, host: str, resolve: Resolve) -> list[str]:
    try:
        return list(resolve(host))
    except (OSError, UnicodeError) as error:
        cause = str(getattr(error, "strerror", None) or error)
        raise UnknownHostError(text, cause) from None


def _entry(text: str, host: str, bits: str | None) -> Entry:
    address, _, zone = host.partition("%")
    network = _network(text, _plain(ipaddress.ip_address(address)), bits)
    return Zoned(network, zone) if zone else network


def _network(text: str, address: _Address, bits: str | None) -> _Network:
    longest: int = address.max_prefixlen
    length = longest
    if bits is not None:
        given = whole(bits, longest)
        if given is None:
            raise NetmaskError(text, f"the network's length is not between 0 and {longest}")
        length = given
    return ipaddress.ip_network((address, length), strict=False)


def _ranges(text: str) -> Ranges | None:
    octets = text.split(".")
    if len(octets) != 4 or not all(_OCTET.fullmatch(octet) for octet in octets):
        return None
    if not any(set(octet) & set("*-") for octet in octets):
        return None
    bounds = tuple(_bounds(octet) for octet in octets)
    if any(first > last or last > 255 for first, last in bounds):
        raise AccessError(text, "an octet is a number from 0 to 255")
    return Ranges(bounds)


def _bounds(octet: str) -> tuple[int, int]:
    if octet == "*":
        return 0, 255
    first, dash, last = octet.partition("-")
    return int(first or 0), int(last or 255) if dash else int(first)


def _plain(address: _Address) -> _Address:
    # IPv4 in IPv6 (RFC 4291 2.5.5.2) is the same host: it must match the same entries.
    return getattr(address, "ipv4_mapped", None) or address
