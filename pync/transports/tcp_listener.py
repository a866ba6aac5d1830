"""Listening for TCP, and SCTP used like TCP: a socket on every address of a host."""

from __future__ import annotations

import errno
import socket
import sys
from functools import partial

from ..core.address import Address
from . import Options, sockopts
from .conn import Conn
from .internet import listening_sockets, only_ipv6
from .listener import Listener
from .tcp_socket import Names, protocol_of, wrap

#: Connections that may wait to be accepted; the kernel limits the number (listen(2), somaxconn).
BACKLOG = 511

#: accept(2): network errors of the new socket. Its client has closed; the listener still works.
#: (ENOTCONN: Wine, for a client that has already reset.)
_CLIENT_IS_GONE = frozenset(
    getattr(errno, name)
    for name in (
        "ENETDOWN",
        "ENETUNREACH",
        "ENONET",
        "ENOTCONN",
        "ENOPROTOOPT",
        "EHOSTDOWN",
        "EHOSTUNREACH",
        "EOPNOTSUPP",
        "EPROTO",
    )
    if hasattr(errno, name)
)


class TcpListener(Listener):
    """Listening TCP sockets; accept returns connections."""

    def _take(self, sock: socket.socket) -> Conn:
        try:
            # Use the peer's name from accept: getpeername(2) fails (ENOTCONN) for a client that
            # has already reset, although its data can still be read.
            accepted, peer = sock.accept()
        except OSError as error:
            if error.errno in _CLIENT_IS_GONE:
                raise ConnectionAbortedError(error.errno, error.strerror) from None
            raise
        try:
            if not sys.platform.startswith("linux"):
                # It inherits O_NONBLOCK there, which Python does not know.
                accepted.setblocking(True)
            return wrap(accepted, self.address.scheme, Names(accepted.getsockname(), peer))
        except OSError as error:
            accepted.close()
            raise ConnectionAbortedError(error.errno, error.strerror) from None


def listen(address: Address, options: Options) -> TcpListener:
    """Listen on every address of the host. Raises ListenError."""
    bound = partial(_bound, options, protocol_of(address, options))
    socks, addresses = listening_sockets(address, options, socket.SOCK_STREAM, bound)
    return TcpListener(socks, addresses)


def _bound(options: Options, protocol: int, family: int, name: tuple[object, ...]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM, protocol)
    try:
        if sys.platform == "win32":
            # On Windows, SO_REUSEADDR would let any program take the port over.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if options.shares_port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
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
