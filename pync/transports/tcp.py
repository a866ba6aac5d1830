"""TCP: dial tries every address of a name; listen takes every address of a host."""

from __future__ import annotations

import errno
import os
import socket

from ..core.address import Address
from ..core.deadline import Deadline
from ..core.errors import DialError, ListenError, cause_of
from ..core.events import AttemptFailed
from . import Options
from .conn import Conn, Listener, TcpConn
from .internet import (
    Endpoint,
    address_of,
    bind_source,
    listening_endpoints,
    only_ipv6,
    resolve,
)

#: Connections that may wait to be accepted; the kernel caps it (listen(2), somaxconn).
BACKLOG = 511

#: This machine lacks the family, or the address: not a reason to fail for the others.
_ABSENT = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT})


def dial(address: Address, options: Options) -> TcpConn:
    """Connect to the first address of the name that answers. Raises DialError."""
    deadline = Deadline(options.timeout)
    failure = DialError("dial", address, "no address to try")
    endpoints = resolve(address, options, socket.SOCK_STREAM)
    for endpoint in endpoints:
        tried = address_of(address.scheme, endpoint.name)
        try:
            sock = _connect(endpoint, address, options, deadline)
        except OSError as error:
            failure = DialError("dial", address, cause_of(error))
            options.report(AttemptFailed(tried, failure.cause))
            if deadline.passed:
                break
            continue
        return _conn(sock, address.scheme)
    raise failure


def _connect(
    endpoint: Endpoint, address: Address, options: Options, deadline: Deadline
) -> socket.socket:
    sock = socket.socket(endpoint.family, socket.SOCK_STREAM)
    try:
        bind_source(sock, address, options, socket.SOCK_STREAM)
        sock.settimeout(None if deadline.remaining is None else max(0.001, deadline.remaining))
        sock.connect(endpoint.name)
        # Dialling a free port of the ephemeral range can meet itself (simultaneous open).
        if sock.getsockname() == sock.getpeername():
            raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
    except BaseException:
        sock.close()
        raise
    return sock


def _conn(sock: socket.socket, scheme: str) -> TcpConn:
    sock.settimeout(None)
    # A person's keystrokes must not wait for an acknowledgement (RFC 896, RFC 1122 4.2.3.4).
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return TcpConn(
        sock, address_of(scheme, sock.getsockname()), address_of(scheme, sock.getpeername())
    )


class TcpListener(Listener):
    """Listening TCP sockets; accept gives connections."""

    def _take(self, sock: socket.socket) -> Conn:
        accepted, _ = sock.accept()
        try:
            return _conn(accepted, self.address.scheme)
        except OSError as error:
            accepted.close()
            # Reset before it was accepted: getpeername fails, accept itself does not.
            raise ConnectionAbortedError(error.errno, error.strerror) from None


def listen(address: Address, options: Options) -> TcpListener:
    """Listen on every address of the host. Raises ListenError."""
    socks: list[socket.socket] = []
    addresses: list[Address] = []
    absent: OSError | None = None
    try:
        for endpoint in listening_endpoints(address, options, socket.SOCK_STREAM, ListenError):
            name = endpoint.name
            if socks and name[1] == 0:
                # Port 0 on several addresses means one port, the same on all.
                name = (name[0], socks[0].getsockname()[1], *name[2:])
            try:
                socks.append(_bound(endpoint.family, name))
            except OSError as error:
                if error.errno not in _ABSENT or address.host:
                    raise
                absent = error
                continue
            addresses.append(address_of(address.scheme, socks[-1].getsockname()))
        if not socks:
            raise absent or OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
    except OSError as error:
        for sock in socks:
            sock.close()
        raise ListenError("listen", address, cause_of(error)) from None
    return TcpListener(socks, addresses)


def _bound(family: int, name: tuple[object, ...]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "nt":
            # SO_REUSEADDR would let anyone steal the port there.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        only_ipv6(sock)
        sock.bind(name)
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock
