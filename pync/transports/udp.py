"""UDP (RFC 768): boundaries are kept, and a listener locks on to its first peer, as nc.

The answer leaves from the address to which the peer sent: a socket bound to the
wildcard asks the kernel where a datagram came in (ip(7) IP_PKTINFO, RFC 3542).
"""

from __future__ import annotations

import errno
import socket
import struct
import sys
from functools import partial

from ..core.address import Address
from ..core.errors import DialError, cause_of
from ..core.events import AttemptFailed
from . import Options, sockopts
from .conn import Conn, Listener
from .datagram import LARGEST, Arrival, DatagramConn, ListeningConn, receive, shut_for_sending
from .internet import (
    WILDCARDS,
    address_of,
    bind_source,
    listening_sockets,
    only_ipv6,
    resolve,
    telling_cause,
)

#: ip(7); the socket module names it only in new versions.
_IP_PKTINFO = 8 if sys.platform.startswith("linux") else None
_IPV6_PKTINFO = getattr(socket, "IPV6_PKTINFO", None)

#: Bytes that the packet information of one datagram needs, amply.
_ANCILLARY = 256


def dial(address: Address, options: Options) -> DatagramConn:
    """Choose the first address of the name that can be sent to. Raises DialError."""
    attempts: list[tuple[Address, str]] = []
    for endpoint in resolve(address, options, socket.SOCK_DGRAM):
        tried = address_of(address.scheme, endpoint.name)
        try:
            sock = _connect(endpoint.family, endpoint.name, address, options)
        except DialError:
            raise  # our own address does not resolve
        except OSError as error:
            attempts.append((tried, cause_of(error)))
            continue
        return DatagramConn(sock, address_of(address.scheme, sock.getsockname()), tried)
    if len(attempts) > 1:
        for number, (tried, cause) in enumerate(attempts, 1):
            options.report(AttemptFailed(tried, cause, last=number == len(attempts)))
    raise DialError("dial", address, telling_cause(attempts), tuple(attempts))


def _connect(
    family: int, name: tuple[object, ...], address: Address, options: Options
) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sockopts.apply(sock, options.sockopts)
        if options.source_route:
            from .route import set_route

            set_route(sock, options, name)
        bind_source(sock, address, options, socket.SOCK_DGRAM)
        sock.connect(name)
    except BaseException:
        sock.close()
        raise
    return sock


def listen(address: Address, options: Options) -> UdpListener:
    """Bind every address of the host. Raises ListenError."""
    bound = partial(_bound, options)
    socks, addresses = listening_sockets(address, options, socket.SOCK_DGRAM, bound)
    return UdpListener(socks, addresses, options.many)


def _bound(options: Options, family: int, name: tuple[object, ...]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        only_ipv6(sock)
        sockopts.apply(sock, options.sockopts)
        if name[0] not in WILDCARDS:
            pass  # there is one address only from which to answer
        elif family == socket.AF_INET and _IP_PKTINFO is not None:
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
        socks: bound, not blocking; owned from now on.
        addresses: where they are bound, in the same order.
        many: take datagrams from everyone afterwards.
    """

    def __init__(self, socks: list[socket.socket], addresses: list[Address], many: bool) -> None:
        super().__init__(socks, addresses)
        self._many = many
        # recvfrom(2) is the plainer call where nothing else is asked of the kernel.
        asks = any(address.host in WILDCARDS for address in addresses)
        self._receive_any = _receive if asks else receive

    def _take(self, sock: socket.socket) -> Conn:
        scheme = self.address.scheme
        _, first = self._receive(sock, socket.MSG_PEEK)
        local, peer = address_of(scheme, sock.getsockname()), address_of(scheme, first.sender)
        if self._many:
            # Handles of its own: when it is done, the listener goes on with the next.
            own = {listening: listening.dup() for listening in self._socks}
            first = first._replace(sock=own[sock])
            return ListeningConn(
                list(own.values()), local, peer, first, many=True, receive=self._receive
            )
        # The lock: our socket goes with the connection, the others close.
        socks, self._socks = self._socks, []
        for other in socks:
            if other is not sock:
                other.close()
        if _leaves_from_where_it_came(first):
            # Connected, the kernel keeps strangers out and tells of ICMP errors.
            sock.connect(first.sender)
            local = address_of(scheme, sock.getsockname())
            first = first._replace(came_to=())
            return _LockedConn([sock], local, peer, first, many=False, receive=self._receive_any)
        return ListeningConn([sock], local, peer, first, many=False, receive=self._receive_any)

    def _admitted(self, sock: socket.socket) -> Conn:
        return self._take(sock)  # whose first datagram is nobody's who may not come

    def _receive(self, sock: socket.socket, flags: int) -> tuple[bytes, Arrival]:
        """The next datagram of somebody who may come; the others' are dropped."""
        while True:
            data, arrival = self._receive_any(sock, flags)
            if self.admits(address_of(self.address.scheme, arrival.sender)):
                return data, arrival
            if flags & socket.MSG_PEEK:
                self._receive_any(sock, 0)


class _LockedConn(ListeningConn):
    """A listener's socket that has been connected to its first peer."""

    #: Whether a stranger's datagram may still wait that came before the lock.
    _may_hold_strangers = True

    def recv(self, size: int) -> bytes:
        """The peer's next datagram that is not empty. Raises OSError."""
        if self._may_hold_strangers or self._timeout != 0:
            try:
                return super().recv(size)
            except BlockingIOError:
                # All that was here before is read: from now on the kernel keeps them out.
                self._may_hold_strangers = False
                raise
        while True:
            data = self._sock.recv(LARGEST)
            if data:
                return data

    def send(self, data: bytes | memoryview) -> int:
        """Send one datagram to the peer. Raises OSError."""
        return self._sock.send(data)

    def stop_sending(self) -> None:
        """Tell the kernel that nothing more is sent; nothing of it reaches the peer."""
        shut_for_sending(self._sock)


def _receive(sock: socket.socket, flags: int) -> tuple[bytes, Arrival]:
    if not hasattr(sock, "recvmsg"):  # Windows
        data, sender = sock.recvfrom(LARGEST, flags)
        return data, Arrival(sender, sock)
    data, ancillary, _, sender = sock.recvmsg(LARGEST, _ANCILLARY, flags)
    came_to = tuple(
        (level, kind, answering)
        for level, kind, info in ancillary
        if (answering := _answering(level, kind, info))
    )
    return data, Arrival(sender, sock, came_to)


def _answering(level: int, kind: int, info: bytes) -> bytes:
    """The packet information for the answer to a datagram that came with ``info``."""
    if (level, kind) == (socket.IPPROTO_IP, _IP_PKTINFO):
        # struct in_pktinfo: interface, our address, address in the header. Out again
        # by whatever interface the routes say.
        return struct.pack("I", 0) + info[4:8] + bytes(4)
    if (level, kind) == (socket.IPPROTO_IPV6, _IPV6_PKTINFO):
        # struct in6_pktinfo: address, interface. A link-local one needs its interface.
        return info[:16] + (info[16:20] if info[:2] == b"\xfe\x80" else struct.pack("I", 0))
    return b""


def _leaves_from_where_it_came(first: Arrival) -> bool:
    """Whether the kernel would choose, as our address, the one that was sent to."""
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


def probe(conn: Conn, timeout: float) -> str:
    """What a port is: ``open`` (it answered), ``closed`` (ICMP), ``open|filtered``.

    Arguments:
        conn: to the port.
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
