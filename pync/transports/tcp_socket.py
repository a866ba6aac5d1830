"""One TCP socket: made as the options ask, connecting, connected, and wrapped as a connection.

Below connecting.py, which tries several addresses, and tcp.py, which waits and listens.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import sys

from ..core.address import Address
from . import Options, sockopts
from .conn import TcpConn
from .internet import Endpoint, address_of, bind_source


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
    sock = socket.socket(endpoint.family, socket.SOCK_STREAM, protocol_of(address))
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
    # Dialling a free port of the ephemeral range can meet itself (simultaneous open).
    if sock.getsockname() == _peer_of(sock, endpoint):
        raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))


def protocol_of(address: Address) -> int:
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
    return wrap(sock, scheme, _peer_of(sock, endpoint))


def wrap(sock: socket.socket, scheme: str, peer: tuple[object, ...]) -> TcpConn:
    """The connection of a socket, with its peer's name; it blocks. Raises OSError."""
    sock.settimeout(None)
    try:
        # A person's keystrokes must not wait for an acknowledgement (RFC 896, RFC 1122
        # 4.2.3.4).
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:
        pass  # macOS: reset already; reading tells
    return TcpConn(sock, address_of(scheme, sock.getsockname()), address_of(scheme, peer))
