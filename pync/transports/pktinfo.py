"""The address that a datagram was sent to, from the kernel: ip(7) IP_PKTINFO, RFC 3542 6.1."""

from __future__ import annotations

import socket
import struct
import sys

from .datagram import ANY, Arrival

#: From ip(7); only new versions of the socket module define it.
_IP_PKTINFO = 8 if sys.platform.startswith("linux") else None
_IPV6_PKTINFO = getattr(socket, "IPV6_PKTINFO", None)

#: Enough bytes for the packet information of one datagram.
_ANCILLARY = 256


def ask(sock: socket.socket) -> None:
    """Turn packet information on for a socket, where the system has it. Raises OSError."""
    if sock.family == socket.AF_INET and _IP_PKTINFO is not None:
        sock.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
    elif sock.family == socket.AF_INET6 and hasattr(socket, "IPV6_RECVPKTINFO"):
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)


def receive(sock: socket.socket, flags: int) -> tuple[bytes, Arrival]:
    """Receive one datagram, its sender and the address that it was sent to. Raises OSError."""
    if not hasattr(sock, "recvmsg"):  # Windows
        data, sender = sock.recvfrom(ANY, flags)
        return data, Arrival(sender, sock)
    data, ancillary, _, sender = sock.recvmsg(ANY, _ANCILLARY, flags)
    came_to = tuple(
        (level, kind, answering)
        for level, kind, info in ancillary
        if (answering := _answering(level, kind, info))
    )
    to_many = any(_to_many(level, kind, info) for level, kind, info in ancillary)
    return data, Arrival(sender, sock, came_to, to_many)


def _to_many(level: int, kind: int, info: bytes) -> bool:
    """Return whether the packet information is of a datagram to a broadcast address or a group."""
    if (level, kind) == (socket.IPPROTO_IP, _IP_PKTINFO):
        return info[4:8] != info[8:12]  # our address, and the one in the header
    return (level, kind) == (socket.IPPROTO_IPV6, _IPV6_PKTINFO) and info[:1] == b"\xff"


def _answering(level: int, kind: int, info: bytes) -> bytes:
    """Return the packet information for the answer to a datagram that came with ``info``."""
    if (level, kind) == (socket.IPPROTO_IP, _IP_PKTINFO):
        # struct in_pktinfo: interface, our address, address in the header. The routes choose the
        # interface for the answer.
        return struct.pack("I", 0) + info[4:8] + bytes(4)
    if (level, kind) == (socket.IPPROTO_IPV6, _IPV6_PKTINFO):
        if info[:1] == b"\xff":
            return b""  # sent to a group, which cannot be the source address of the answer
        # struct in6_pktinfo: address, interface. A link-local one needs its interface.
        return info[:16] + (info[16:20] if info[:2] == b"\xfe\x80" else struct.pack("I", 0))
    return b""


def leaves_from_where_it_came(first: Arrival) -> bool:
    """Return whether the kernel would use the address that was sent to as our source address."""
    if first.to_many:
        # A connected socket has an address, and receives no more broadcasts and groups.
        return False
    if not first.came_to:
        return True
    _, _, info = first.came_to[0]
    family = first.sock.family
    came_to = info[4:8] if family == socket.AF_INET else info[:16]
    with socket.socket(family, socket.SOCK_DGRAM) as trial:
        try:
            trial.connect(first.sender)
        except OSError:
            return False
        return came_to == socket.inet_pton(family, trial.getsockname()[0].partition("%")[0])


def own_address(arrival: Arrival) -> str | None:
    """Return our address that the datagram was sent to; None if the socket has only one."""
    for level, kind, info in arrival.came_to:
        if (level, kind) == (socket.IPPROTO_IP, _IP_PKTINFO):
            return socket.inet_ntop(socket.AF_INET, info[4:8])
        if (level, kind) == (socket.IPPROTO_IPV6, _IPV6_PKTINFO) and info:
            return socket.inet_ntop(socket.AF_INET6, info[:16])
    return None
