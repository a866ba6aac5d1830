"""One TCP socket: creating it with its options, connecting, and wrapping it as a connection.

Used by connecting.py, which tries several addresses, and tcp.py, which waits and listens.
"""

from __future__ import annotations

import errno
import os
import sys

from ..core.address import Address
from ..core.typed import NamedTuple
from . import Options, sockopts
from .conn import TcpConn
from .internet import Endpoint, address_of, bind_source
from .plainsocket import socket


class Names(NamedTuple):
    """The two ends of a connected socket, as the kernel names them."""

    local: tuple[object, ...]
    peer: tuple[object, ...]


def begin_to_connect(endpoint: Endpoint, address: Address, options: Options) -> socket.socket:
    """Return a non-blocking socket that is connecting. Raises OSError.

    Call check_connected() when it is writable; connected() may have the result at once.
    """
    sock = _unconnected(endpoint, address, options)
    try:
        if sock.gettimeout() != 0:
            sock.setblocking(False)
        code = sock.connect_ex(endpoint.name)
        if code not in (0, errno.EINPROGRESS, errno.EWOULDBLOCK):
            raise OSError(code, os.strerror(code))
    except BaseException:
        sock.close()
        raise
    return sock


def connected(sock: socket.socket) -> Names | None:
    """Return the names of a socket that has connected; None if it has not, or has broken since.

    Over loopback it is connected when connect(2) returns (Linux), so that there is no need to wait.
    (A second connect(2) would also show it, but discards the data of a peer that has reset.)

    Raises OSError for a socket that has connected to itself.
    """
    try:
        names = Names(sock.getsockname(), sock.getpeername())
    except OSError:
        return None
    return _not_itself(names)


def check_connected(sock: socket.socket, endpoint: Endpoint) -> Names:
    """Check that a connecting socket has connected; return its names. Raises OSError.

    A connection that the peer has reset by now counts as connected, where this can be detected:
    the error stays on the socket, and is read after the peer's data.
    """
    try:
        peer = sock.getpeername()
    except OSError as error:
        if not _was_connected(sock):
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                raise OSError(code, os.strerror(code)) from None
            if not _waits_for_data(sock):
                raise error from None
        peer = endpoint.name  # after a reset, or before the SYN, there is no name (ENOTCONN)
    return _not_itself(Names(sock.getsockname(), peer))


def _not_itself(names: Names) -> Names:
    # Dialling a free port of the ephemeral range can connect to itself (simultaneous open).
    if names.local == names.peer:
        raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
    return names


#: From linux/tcp.h and linux/tcp_states.h.
_TCP_FASTOPEN_CONNECT, _SYN_SENT = 30, 2


def _waits_for_data(sock: socket.socket) -> bool:
    """Return whether the SYN is sent together with the first data (RFC 7413).

    Then connect(2) succeeds at once, and the first write raises the error without a listener.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        if not sock.getsockopt(socket.IPPROTO_TCP, _TCP_FASTOPEN_CONNECT):
            return False
        return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _SYN_SENT
    except OSError:
        return False  # SCTP


#: Where struct tcp_info (linux/tcp.h) has tcpi_bytes_acked, which counts the SYN.
_BYTES_ACKED = slice(120, 128)


def _was_connected(sock: socket.socket) -> bool:
    # SO_ERROR would also show it (ECONNRESET, not ECONNREFUSED), but reading it clears it.
    if not sys.platform.startswith("linux"):
        return False
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _BYTES_ACKED.stop)
    except OSError:
        return False  # SCTP
    return any(info[_BYTES_ACKED])


#: Makes a socket non-blocking without a system call of its own, where the system has it.
_NONBLOCK = getattr(socket, "SOCK_NONBLOCK", 0)


def _unconnected(endpoint: Endpoint, address: Address, options: Options) -> socket.socket:
    kind = socket.SOCK_STREAM | _NONBLOCK
    sock = socket.socket(endpoint.family, kind, protocol_of(address, options))
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


def protocol_of(address: Address, options: Options) -> int:
    """Return the protocol's number: of MPTCP, of SCTP (one-to-one, RFC 6458 4), or 0 for TCP."""
    if options.mptcp:
        return getattr(socket, "IPPROTO_MPTCP", 262)
    return getattr(socket, "IPPROTO_SCTP", 132) if address.scheme == "sctp" else 0


def wrap(sock: socket.socket, scheme: str, names: Names) -> TcpConn:
    """Return the connection of a socket."""
    try:
        # Typed characters must not wait for an acknowledgement (RFC 896, RFC 1122 4.2.3.4).
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:
        pass  # macOS: reset already; the next read raises the error
    return TcpConn(sock, address_of(scheme, names.local), address_of(scheme, names.peer))
