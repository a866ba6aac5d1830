"""UDP (RFC 768): boundaries are kept, and a listener locks on to its first peer, as in nc.

An answer is sent from the address that the peer has sent to: a socket bound to the wildcard gets
this address from the kernel (ip(7) IP_PKTINFO, RFC 3542).
"""

from __future__ import annotations

import errno
import socket
from functools import partial

from ..core.address import Address
from ..core.errors import DialError, ListenError, PyncError, cause_of
from ..core.events import AttemptFailed
from . import DEFAULT, Options, pktinfo, sockopts
from .conn import Conn
from .datagram import ANY, Arrival, DatagramConn, ListeningConn, receive, shut_for_sending
from .internet import (
    WILDCARDS,
    Endpoint,
    address_of,
    bind_source,
    listening_sockets,
    only_ipv6,
    resolve,
    telling_cause,
)
from .listener import Listener

#: The prefixes of IPv4 multicast groups (RFC 1112 4): 224.0.0.0/4.
_GROUPS = tuple(f"{first}." for first in range(224, 240))


def dial(address: Address, options: Options) -> DatagramConn:
    """Connect to the first address of the name that works. Raises DialError."""
    attempts: list[tuple[Address, str]] = []
    unbound: DialError | None = None
    address, interface = _without_interface("dial", address, DialError)
    for endpoint in resolve(address, options, socket.SOCK_DGRAM):
        tried = address_of(address.scheme, endpoint.name)
        try:
            return _dialled(endpoint, interface, address, options)
        except DialError as error:
            # Our source address is of another family; it may fit another endpoint.
            unbound = error
            attempts.append((tried, error.cause))
        except OSError as error:
            attempts.append((tried, cause_of(error)))
    if unbound is not None and len(attempts) == 1:
        raise unbound
    if len(attempts) > 1:
        for number, (tried, cause) in enumerate(attempts, 1):
            options.report(AttemptFailed(tried, cause, last=number == len(attempts)))
    raise DialError("dial", address, telling_cause(attempts), tuple(attempts))


def _without_interface(
    operation: str, address: Address, wrong: type[PyncError]
) -> tuple[Address, int]:
    if "%" not in address.host:
        return address, 0
    from .multicast import without_interface

    return without_interface(operation, address, wrong)


def _dialled(
    endpoint: Endpoint, interface: int, address: Address, options: Options
) -> DatagramConn:
    family, name = endpoint
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sockopts.apply(sock, options.sockopts)
        if options.source_route:
            from .route import set_route

            set_route(sock, options, name)
        bind_source(sock, address, options, socket.SOCK_DGRAM)
        if _may_be_many(name, options):
            from . import multicast

            name = multicast.on_interface(name, interface)
            if multicast.is_group(name[0]) or multicast.is_broadcast(name):
                multicast.set_interface(sock, interface, options)
                if sock.getsockname()[1] == 0:
                    sock.bind(("", 0))  # as sendto(2) would
                local = address_of(address.scheme, sock.getsockname())
                return multicast.GroupConn(sock, local, address_of(address.scheme, name), name)
        sock.connect(name)
        local = address_of(address.scheme, sock.getsockname())
        return DatagramConn(sock, local, address_of(address.scheme, name))
    except BaseException:
        sock.close()
        raise


def _may_be_many(name: tuple[object, ...], options: Options) -> bool:
    """Return whether a socket name may be a group's, or that of an allowed broadcast address."""
    host = str(name[0])
    if ":" in host:
        return host.startswith("ff")
    return host.startswith(_GROUPS) or ("broadcast", 1) in options.sockopts


def listen(address: Address, options: Options) -> UdpListener:
    """Bind every address of the host. Raises ListenError."""
    address, interface = _without_interface("listen", address, ListenError)
    bound = partial(_bound, options, interface)
    socks, addresses = listening_sockets(address, options, socket.SOCK_DGRAM, bound)
    listener = UdpListener(socks, addresses, options.many)
    if options.shares_port:
        _check_shared(listener)
    return listener


def _check_shared(listener: UdpListener) -> None:
    """Check that every datagram for the port goes to one socket only. Raises ListenError."""
    from . import multicast

    for sock in listener.sockets:
        name = sock.getsockname()
        v4 = sock.family == socket.AF_INET
        if multicast.is_group(name[0]) or (v4 and multicast.is_broadcast(name)):
            listener.close()
            cause = "each of several workers would receive what is sent there"
            raise ListenError("listen", listener.address, cause)


def _bound(
    options: Options, interface: int, family: int, name: tuple[object, ...]
) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        only_ipv6(sock, options)
        sockopts.apply(sock, options.sockopts)
        if options.shares_port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if name[0] not in WILDCARDS:
            pass  # there is only one address to answer from
        else:
            pktinfo.ask(sock)
        if _may_be_many(name, DEFAULT):
            from . import multicast

            multicast.bind_to_group(sock, multicast.on_interface(name, interface))
            multicast.set_interface(sock, interface, options)
            multicast.join(sock, str(name[0]), interface)
        else:
            sock.bind(name)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock


def of_inherited(socks: list[socket.socket], options: Options) -> UdpListener:
    """Take bound sockets that do not block, and that another process has too. Raises OSError."""
    addresses = [address_of("udp", sock.getsockname()) for sock in socks]
    for sock, address in zip(socks, addresses, strict=True):
        if address.host in WILDCARDS:
            pktinfo.ask(sock)
    return UdpListener(socks, addresses, options.many, shared=True)


class UdpListener(Listener):
    """Bound UDP sockets; "accepting" is waiting for a first datagram.

    Arguments:
        socks: bound, not blocking; owned by this object.
        addresses: where they are bound, in the same order.
        many: receive from all peers after the first datagram.
        shared: other processes have the sockets too, so they must not be connected to a peer.
    """

    def __init__(
        self,
        socks: list[socket.socket],
        addresses: list[Address],
        many: bool,
        *,
        shared: bool = False,
    ) -> None:
        super().__init__(socks, addresses)
        self._many = many
        self._shared = shared
        # recvfrom(2) is the simpler call where no packet information is needed.
        asks = any(address.host in WILDCARDS for address in addresses)
        self._receive_any = pktinfo.receive if asks else receive

    def receive_from(self, sock: socket.socket) -> tuple[bytes, Arrival, Address]:
        """Return a datagram of an allowed peer, and the peer's address. Raises OSError."""
        data, arrival = self._receive(sock, 0)
        return data, arrival, self.peer_address(arrival)

    def receive_any(self, sock: socket.socket) -> tuple[bytes, Arrival]:
        """Return a datagram of any peer. Raises OSError."""
        return self._receive_any(sock, 0)

    def peer_address(self, arrival: Arrival) -> Address:
        """Return the address of the sender of a datagram."""
        return address_of(self.address.scheme, arrival.sender)

    def local_address(self, sock: socket.socket) -> Address:
        """Return the address of one of the sockets."""
        return address_of(self.address.scheme, sock.getsockname())

    def _take(self, sock: socket.socket) -> Conn:
        scheme = self.address.scheme
        _, first = self._receive(sock, socket.MSG_PEEK)
        local, peer = address_of(scheme, sock.getsockname()), address_of(scheme, first.sender)
        if self._many:
            # The connection has its own descriptors, so that the listener stays open after it.
            own = {listening: listening.dup() for listening in self._socks}
            first = first._replace(sock=own[sock])
            return ListeningConn(
                list(own.values()), local, peer, first, many=True, receive=self._receive
            )
        # The lock: the connection takes this socket over, and the others are closed.
        socks, self._socks = self._socks, []
        for other in socks:
            if other is not sock:
                other.close()
        if not self._shared and pktinfo.leaves_from_where_it_came(first):
            # For a connected socket, the kernel drops other peers' datagrams and reports ICMP
            # errors.
            sock.connect(first.sender)
            local = address_of(scheme, sock.getsockname())
            first = first._replace(came_to=())
            return _LockedConn([sock], local, peer, first, many=False, receive=self._receive_any)
        return ListeningConn([sock], local, peer, first, many=False, receive=self._receive_any)

    def _admitted(self, sock: socket.socket) -> Conn:
        return self._take(sock)  # its first datagram is always of an allowed peer

    def _receive(self, sock: socket.socket, flags: int) -> tuple[bytes, Arrival]:
        """Return the next datagram of an allowed peer; drop others."""
        while True:
            data, arrival = self._receive_any(sock, flags)
            if self.admits(address_of(self.address.scheme, arrival.sender)):
                return data, arrival
            if flags & socket.MSG_PEEK:
                self._receive_any(sock, 0)


class _LockedConn(ListeningConn):
    """A listener's socket that has been connected to its first peer."""

    #: Whether other peers' datagrams from before the lock may still wait in the socket.
    _may_hold_strangers = True

    def recv_whole(self) -> bytes:
        """Return the next datagram for us, ``b""`` for an empty one. Raises OSError."""
        if self._may_hold_strangers or self._timeout != 0:
            try:
                return super().recv_whole()
            except BlockingIOError:
                # All datagrams from before the lock are read; now the kernel drops those of others.
                self._may_hold_strangers = False
                raise
        return self._sock.recv(ANY)

    def send(self, data: bytes | memoryview) -> int:
        """Send one datagram to the peer. Raises OSError."""
        return self._sock.send(data)

    def stop_sending(self) -> None:
        """Tell the kernel that nothing more is sent; the peer does not notice."""
        shut_for_sending(self._sock)


def probe(conn: Conn, timeout: float) -> str:
    """Return the state of a port: ``open`` (it answered), ``closed`` (ICMP), ``open|filtered``.

    Arguments:
        conn: a connection to the port.
        timeout: seconds to wait for an answer.
    """
    conn.settimeout(timeout)
    try:
        conn.send(b"\0")
        conn.recv(ANY)
    except TimeoutError:
        return "open|filtered"
    except OSError as error:
        if error.errno in (errno.ECONNREFUSED, errno.ECONNRESET):
            return "closed"
        raise DialError("scan", conn.peer, cause_of(error)) from None
    return "open"
