"""UDP to many hosts at once: broadcast addresses, and multicast groups (RFC 1112, RFC 3493 5.2).

``GROUP%INTERFACE`` chooses the link, also for IPv4, for which getaddrinfo(3) has no zones.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
import struct
import sys

from ..core.address import Address
from ..core.errors import PyncError
from ..core.number import is_digits, whole
from . import Options, sockopts
from .datagram import DatagramConn


class GroupConn(DatagramConn):
    """A connection to a group or a broadcast address; it receives all answers.

    The socket is not connected: the kernel would drop the answers, which come from the members'
    own addresses.

    Arguments:
        sock, local, peer: see Conn.
        name: the socket name to send to.
    """

    def __init__(
        self, sock: socket.socket, local: Address, peer: Address, name: tuple[object, ...]
    ) -> None:
        super().__init__(sock, local, peer)
        self._name = name

    def send(self, data: bytes | memoryview) -> int:
        """Send one datagram to all members. Raises OSError."""
        return self._sock.sendto(data, self._name)

    def _send_all(self, data: bytes) -> None:
        self.send(data)


def without_interface(
    operation: str, address: Address, wrong: type[PyncError]
) -> tuple[Address, int]:
    """Return a group's address without its zone, and the index of the interface in the zone.

    Index 0: the address has no zone. Raises ``wrong`` (a PyncError) for an unknown interface.
    """
    host, percent, zone = address.host.partition("%")
    if not percent or not is_group(host):
        return address, 0
    try:
        # struct ip_mreqn has the index as an int.
        index = whole(zone, 2**31 - 1) if is_digits(zone) else socket.if_nametoindex(zone)
    except (OSError, ValueError):  # ValueError: it contains a NUL
        index = None
    if index is None:
        raise wrong(operation, address, f"no such interface: {zone}")
    return address._replace(host=host), index


def on_interface(name: tuple[object, ...], index: int) -> tuple[object, ...]:
    """Return a socket name with the interface as its scope, where it has one (IPv6)."""
    return (*name[:3], index) if len(name) > 3 and index else name


def is_group(host: object) -> bool:
    """Return whether this is the address of a multicast group."""
    try:
        return ipaddress.ip_address(str(host).partition("%")[0]).is_multicast
    except ValueError:
        return False


def is_broadcast(name: tuple[object, ...]) -> bool:
    """Return whether an IPv4 socket name is that of a broadcast address.

    The kernel knows the masks of the networks: Linux refuses to connect to a broadcast address
    (EACCES) when SO_BROADCAST is not set.
    """
    if name[0] == "255.255.255.255":
        return True
    if not sys.platform.startswith("linux"):
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trial:
        return trial.connect_ex(name) == errno.EACCES


def set_interface(sock: socket.socket, index: int, options: Options) -> None:
    """Set the interface for datagrams to groups, and the TTL of ``options``. Raises OSError."""
    six = sock.family == socket.AF_INET6
    if index and six:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
    elif index:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, _request("0.0.0.0", index))
    asked = dict(options.sockopts)
    if "ttl" in asked and "multicast_ttl" not in asked:
        sockopts.apply(sock, (("multicast_ttl", asked["ttl"]),))


def join(sock: socket.socket, group: str, index: int) -> None:
    """Join a group on one interface. Raises OSError.

    Index 0 stands for the interface of the route; without a route, for all interfaces that can.
    """
    try:
        _join(sock, group, index)
    except OSError as error:
        if index or error.errno not in (errno.ENODEV, errno.EADDRNOTAVAIL):
            raise
        joined = [_joined(sock, group, each) for each, _ in socket.if_nameindex()]
        if not any(joined):
            raise


def _joined(sock: socket.socket, group: str, index: int) -> bool:
    try:
        _join(sock, group, index)
    except OSError as error:
        return error.errno == errno.EADDRINUSE  # another index of the same interface
    return True


def _join(sock: socket.socket, group: str, index: int) -> None:
    if sock.family == socket.AF_INET6:
        request = socket.inet_pton(socket.AF_INET6, group) + struct.pack("@I", index)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, request)
    else:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, _request(group, index))


def _request(group: str, index: int) -> bytes:
    """Return a struct ip_mreqn: group, our address (any), index; on Windows, group and index."""
    if sys.platform == "win32":
        chosen = struct.pack("!I", index)
        return chosen if group == "0.0.0.0" else socket.inet_aton(group) + chosen
    return socket.inet_aton(group) + bytes(4) + struct.pack("@i", index)


def bind_to_group(sock: socket.socket, name: tuple[object, ...]) -> None:
    """Bind the port of a group, which other programs may receive from too.

    A socket bound to the group receives nothing that is sent to the machine's own addresses;
    Windows cannot bind to groups. Raises OSError.
    """
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "SO_REUSEPORT") and not sys.platform.startswith("linux"):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # BSD needs this one
    if sys.platform == "win32":
        name = ("::" if sock.family == socket.AF_INET6 else "0.0.0.0", *name[1:])
    sock.bind(name)
