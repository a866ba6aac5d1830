"""TCP, and SCTP in its manner.

dial tries every address of a name; listen takes every address of a host.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import sys
from functools import partial

from ..core.address import Address
from ..core.deadline import Deadline
from ..waiting.readiness import Writable
from . import Options, sockopts
from .conn import Conn, Listener, TcpConn
from .internet import (
    Endpoint,
    address_of,
    bind_source,
    listening_sockets,
    only_ipv6,
    resolve,
)

#: Connections that may wait to be accepted; the kernel caps it (listen(2), somaxconn).
BACKLOG = 511

#: accept(2): errors of the network that waited on the new socket. Its client is gone, and
#: the listener is well.
_CLIENT_IS_GONE = frozenset(
    getattr(errno, name)
    for name in (
        "ENETDOWN",
        "ENETUNREACH",
        "ENONET",
        "ENOPROTOOPT",
        "EHOSTDOWN",
        "EHOSTUNREACH",
        "EOPNOTSUPP",
        "EPROTO",
    )
    if hasattr(errno, name)
)


def dial(address: Address, options: Options) -> TcpConn:
    """Connect to the first address of the name that answers. Raises DialError."""
    from .connecting import Connecting  # which is built on this module

    deadline = Deadline(options.timeout)
    endpoints = resolve(address, options, socket.SOCK_STREAM)
    remaining = deadline.remaining if options.happy_eyeballs else options.timeout
    waiting = Writable()
    connecting = Connecting(address, endpoints, options, remaining, waiting.watch)
    try:
        connecting.proceed()
        while connecting.conn is None:
            if connecting.failure is not None:
                raise connecting.failure
            for descriptor in waiting.wait(connecting.seconds()):
                connecting.settled(descriptor)
            if connecting.conn is None:
                connecting.proceed()
        return connecting.conn
    finally:
        connecting.close()


def begin_to_connect(endpoint: Endpoint, address: Address, options: Options) -> socket.socket:
    """A socket that is connecting; check_connected() knows when it is writable. Raises OSError."""
    sock = _unconnected(endpoint, address, options)
    try:
        sock.setblocking(False)
        code = sock.connect_ex(endpoint.name)
        if code not in (0, errno.EINPROGRESS, errno.EWOULDBLOCK):
            raise OSError(code, os.strerror(code))
    except BaseException:
        sock.close()
        raise
    return sock


def check_connected(sock: socket.socket, endpoint: Endpoint) -> None:
    """See whether a socket that was connecting has connected. Raises OSError.

    A connection that the peer has reset by now counts too, where that can be seen: the error
    stays on the socket, and is read after what the peer sent before.
    """
    try:
        sock.getpeername()
    except OSError as error:
        if _was_connected(sock):
            return
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code)) from None
        raise error from None
    _refuse_itself(sock, endpoint)


#: Where struct tcp_info (linux/tcp.h) has tcpi_bytes_acked, which counts the SYN.
_BYTES_ACKED = struct.Struct("120xQ")


def _was_connected(sock: socket.socket) -> bool:
    # SO_ERROR would tell too (ECONNRESET, not ECONNREFUSED), but asking for it clears it.
    if not sys.platform.startswith("linux"):
        return False
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _BYTES_ACKED.size)
    except OSError:
        return False  # SCTP
    return len(info) == _BYTES_ACKED.size and _BYTES_ACKED.unpack(info)[0] > 0


def _unconnected(endpoint: Endpoint, address: Address, options: Options) -> socket.socket:
    sock = socket.socket(endpoint.family, socket.SOCK_STREAM, _protocol(address))
    try:
        sockopts.apply(sock, options.sockopts)
        if options.source_route:
            from .route import set_route

            set_route(sock, options, endpoint.name)
        if options.md5_key is not None:
            from . import md5sig

            md5sig.sign(sock, options.md5_key, endpoint.name)
        bind_source(sock, address, options, socket.SOCK_STREAM)
    except BaseException:
        sock.close()
        raise
    return sock


def _refuse_itself(sock: socket.socket, endpoint: Endpoint) -> None:
    # Connector a free port of the ephemeral range can meet itself (simultaneous open).
    if sock.getsockname() == _peer_of(sock, endpoint):
        raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))


def _protocol(address: Address) -> int:
    """SCTP's one-to-one sockets (RFC 6458 4) are used as TCP's are."""
    return getattr(socket, "IPPROTO_SCTP", 132) if address.scheme == "sctp" else 0


def _peer_of(sock: socket.socket, endpoint: Endpoint) -> tuple[object, ...]:
    """The peer's name, also of one that has already reset the connection.

    The socket knows none any more then (ENOTCONN), but what the peer said before its RST
    is still there to be read.
    """
    try:
        name: tuple[object, ...] = sock.getpeername()
    except OSError:
        return endpoint.name
    return name


def conn_of(sock: socket.socket, scheme: str, endpoint: Endpoint) -> TcpConn:
    """The connection of a socket that has connected; it blocks."""
    return _conn(sock, scheme, _peer_of(sock, endpoint))


def _conn(sock: socket.socket, scheme: str, peer: tuple[object, ...]) -> TcpConn:
    sock.settimeout(None)
    try:
        # A person's keystrokes must not wait for an acknowledgement (RFC 896, RFC 1122
        # 4.2.3.4).
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:
        pass  # macOS: reset already; reading tells
    return TcpConn(sock, address_of(scheme, sock.getsockname()), address_of(scheme, peer))


class TcpListener(Listener):
    """Listening TCP sockets; accept gives connections."""

    def _take(self, sock: socket.socket) -> Conn:
        try:
            # accept's own name for the peer: getpeername(2) knows none (ENOTCONN) of a client
            # that has reset already, whose data is still there to be read.
            accepted, peer = sock.accept()
        except OSError as error:
            if error.errno in _CLIENT_IS_GONE:
                raise ConnectionAbortedError(error.errno, error.strerror) from None
            raise
        try:
            return _conn(accepted, self.address.scheme, peer)
        except OSError as error:
            accepted.close()
            raise ConnectionAbortedError(error.errno, error.strerror) from None


def listen(address: Address, options: Options) -> TcpListener:
    """Listen on every address of the host. Raises ListenError."""
    bound = partial(_bound, options, _protocol(address))
    socks, addresses = listening_sockets(address, options, socket.SOCK_STREAM, bound)
    return TcpListener(socks, addresses)


def _bound(options: Options, protocol: int, family: int, name: tuple[object, ...]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM, protocol)
    try:
        if sys.platform == "win32":
            # SO_REUSEADDR would let anyone steal the port there.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        only_ipv6(sock, options)
        sockopts.apply(sock, options.sockopts)
        if options.md5_key is not None:
            from . import md5sig

            md5sig.sign(sock, options.md5_key, None)
        sock.bind(name)
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock
