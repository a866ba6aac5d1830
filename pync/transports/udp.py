"""UDP (RFC 768): boundaries are kept, and a listener locks on to its first peer, as nc.

The answer leaves from the address to which the peer sent: a socket bound to the
wildcard asks the kernel where a datagram came in (ip(7) IP_PKTINFO, RFC 3542).
"""

from __future__ import annotations

import errno
import socket
import struct
import sys

from ..core.address import Address
from ..core.errors import DialError, ListenError, cause_of
from ..core.events import AttemptFailed
from . import Options
from .conn import Conn, Listener
from .datagram import LARGEST, DatagramConn, FirstPeerConn, LatestPeerConn
from .internet import address_of, bind_source, listening_endpoints, only_ipv6, resolve
from .tcp import _ABSENT

#: ip(7); the socket module names it only in new versions.
_IP_PKTINFO = 8 if sys.platform.startswith("linux") else None


def dial(address: Address, options: Options) -> DatagramConn:
    """Choose the first address of the name that can be sent to. Raises DialError."""
    failure = DialError("dial", address, "no address to try")
    for endpoint in resolve(address, options, socket.SOCK_DGRAM):
        sock = socket.socket(endpoint.family, socket.SOCK_DGRAM)
        try:
            bind_source(sock, address, options, socket.SOCK_DGRAM)
            sock.connect(endpoint.name)
        except OSError as error:
            sock.close()
            failure = DialError("dial", address, cause_of(error))
            options.report(AttemptFailed(address_of(address.scheme, endpoint.name), failure.cause))
            continue
        except BaseException:
            sock.close()
            raise
        local = address_of(address.scheme, sock.getsockname())
        return DatagramConn(sock, local, address_of(address.scheme, endpoint.name))
    raise failure


def listen(address: Address, options: Options) -> UdpListener:
    """Bind every address of the host. Raises ListenError."""
    socks: list[socket.socket] = []
    addresses: list[Address] = []
    try:
        for endpoint in listening_endpoints(address, options, socket.SOCK_DGRAM, ListenError):
            name = endpoint.name
            if socks and name[1] == 0:
                name = (name[0], socks[0].getsockname()[1], *name[2:])
            try:
                socks.append(_bound(endpoint.family, name))
            except OSError as error:
                if error.errno not in _ABSENT or address.host or not socks:
                    raise
                continue
            addresses.append(address_of(address.scheme, socks[-1].getsockname()))
    except OSError as error:
        for sock in socks:
            sock.close()
        raise ListenError("listen", address, cause_of(error)) from None
    return UdpListener(socks, addresses, options.many)


def _bound(family: int, name: tuple[object, ...]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        only_ipv6(sock)
        if family == socket.AF_INET and _IP_PKTINFO is not None:
            sock.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        elif family == socket.AF_INET6 and hasattr(socket, "IPV6_RECVPKTINFO"):
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        sock.bind(name)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock


class UdpListener(Listener):
    """Bound UDP sockets; "accepting" is waiting for a first datagram.

    Arguments:
        many: take datagrams from everyone afterwards.
    """

    def __init__(self, socks: list[socket.socket], addresses: list[Address], many: bool) -> None:
        super().__init__(socks, addresses)
        self._many = many

    def _take(self, sock: socket.socket) -> Conn:
        scheme = self.address.scheme
        sender, came_to = _peek(sock)
        peer, local = address_of(scheme, sender), address_of(scheme, sock.getsockname())
        if self._many:
            return LatestPeerConn(sock.dup(), local, peer, sender)
        # The lock: the one socket goes with the connection, the others close.
        conn = _locked_on(sock, sender, came_to, local, peer)
        self._socks = [other for other in self._socks if other is not sock]
        self.close()
        return conn


def _peek(sock: socket.socket) -> tuple[object, bytes | None]:
    """The sender of the datagram that waits, and the packet information it came with."""
    if not hasattr(sock, "recvmsg"):
        return sock.recvfrom(1, socket.MSG_PEEK)[1], None
    _, ancillary, _, sender = sock.recvmsg(1, 256, socket.MSG_PEEK)
    for level, kind, data in ancillary:
        if level == socket.IPPROTO_IP and kind == _IP_PKTINFO:
            return sender, data
        if level == socket.IPPROTO_IPV6 and kind == getattr(socket, "IPV6_PKTINFO", None):
            return sender, data
    return sender, None


def _locked_on(
    sock: socket.socket, sender: object, came_to: bytes | None, local: Address, peer: Address
) -> Conn:
    if came_to is None or _would_leave_from(sock, sender) == _destination(came_to):
        sock.connect(sender)  # type: ignore[arg-type]
        return FirstPeerConn(sock, local, peer, lambda who: who == sender, sock.send)
    answering = _answering(sock.family, came_to)

    def reply(data: bytes | memoryview) -> int:
        return sock.sendmsg([data], [answering], 0, sender)  # type: ignore[arg-type]

    return FirstPeerConn(sock, local, peer, lambda who: who == sender, reply)


def _would_leave_from(sock: socket.socket, sender: object) -> bytes | None:
    """The source address that the kernel would choose towards the sender."""
    with socket.socket(sock.family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(sender)  # type: ignore[arg-type]
        except OSError:
            return None
        return socket.inet_pton(sock.family, probe.getsockname()[0].partition("%")[0])


def _destination(came_to: bytes) -> bytes:
    # struct in_pktinfo: index, spec_dst, addr; struct in6_pktinfo: addr, index.
    return came_to[8:12] if len(came_to) == 12 else came_to[:16]


def _answering(family: int, came_to: bytes) -> tuple[int, int, bytes]:
    if family == socket.AF_INET:
        assert _IP_PKTINFO is not None
        return socket.IPPROTO_IP, _IP_PKTINFO, struct.pack("I", 0) + came_to[8:12] + bytes(4)
    return socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, came_to[:16] + struct.pack("I", 0)


def probe(conn: DatagramConn, timeout: float) -> str:
    """What a port is: ``open`` (it answered), ``closed`` (ICMP), ``open|filtered``.

    Arguments:
        timeout: seconds to wait for an answer.
    """
    conn.settimeout(timeout)
    try:
        conn.send(b"\0")
        conn.recv(LARGEST)
    except TimeoutError:
        return "open|filtered"
    except OSError as error:
        if error.errno in (errno.ECONNREFUSED, errno.ECONNRESET):
            return "closed"
        raise DialError("scan", conn.peer, cause_of(error)) from None
    return "open"


