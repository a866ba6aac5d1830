"""Sockets between a machine and its guests (vsock(7)): a host is a CID, a port has 32 bits.

For Linux only; a kernel without vsock causes a one-line error.
"""

from __future__ import annotations

import errno
import os
import socket

from ..core.address import Address
from ..core.errors import DialError, ListenError, PyncError, cause_of, shortened
from ..core.number import whole
from . import Options
from .conn import Conn, StreamConn
from .listener import Listener
from .tcp_listener import BACKLOG

#: vsock(7), VMADDR_CID_ANY and VMADDR_PORT_ANY: -1 in 32 bits.
_ANY = 0xFFFFFFFF


def dial(address: Address, options: Options) -> StreamConn:
    """Connect to a port of a machine. Raises DialError."""
    name = _name("dial", address, DialError)
    sock = _socket("dial", address, DialError)
    try:
        if options.source_port is not None:
            sock.bind((_ANY, _source_port(address, options.source_port)))
        sock.settimeout(options.timeout)
        sock.connect(name)
        sock.settimeout(None)
        return StreamConn(sock, _address(sock.getsockname()), address)
    except OSError as error:
        sock.close()
        cause = cause_of(error)
        raise DialError("dial", address, cause, ((address, cause),)) from None
    except BaseException:
        sock.close()
        raise


def begin_to_connect(address: Address) -> socket.socket:
    """Return a non-blocking socket that is connecting. Raises DialError.

    Call check_connected() when it is writable.
    """
    name = _name("dial", address, DialError)
    sock = _socket("dial", address, DialError)
    try:
        sock.setblocking(False)
        code = sock.connect_ex(name)
        if code not in (0, errno.EINPROGRESS, errno.EWOULDBLOCK):
            raise OSError(code, os.strerror(code))
    except OSError as error:
        sock.close()
        cause = cause_of(error)
        raise DialError("dial", address, cause, ((address, cause),)) from None
    return sock


def check_connected(sock: socket.socket, address: Address) -> StreamConn:
    """Return the connection of a socket that has finished connecting. Raises OSError."""
    code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise OSError(code, os.strerror(code))
    return StreamConn(sock, _address(sock.getsockname()), address)


def _source_port(address: Address, text: str) -> int:
    number = whole(text, _ANY)
    if number is None:
        raise DialError("dial", address, f"{shortened(text)} is not a valid port")
    return number


def listen(address: Address, _options: Options) -> VsockListener:
    """Listen on a port, without a host on every CID of this machine. Raises ListenError."""
    name = _name("listen", address, ListenError)
    sock = _socket("listen", address, ListenError)
    try:
        sock.bind(name)
        sock.listen(BACKLOG)
        sock.setblocking(False)
        return VsockListener([sock], [_address(sock.getsockname())])
    except OSError as error:
        sock.close()
        raise ListenError("listen", address, cause_of(error)) from None
    except BaseException:
        sock.close()
        raise


class VsockListener(Listener):
    """A listening socket; accept returns connections."""

    def _take(self, sock: socket.socket) -> Conn:
        accepted, peer = sock.accept()
        accepted.settimeout(None)
        return StreamConn(accepted, self.address, _address(peer))


def _socket(operation: str, address: Address, wrong: type[PyncError]) -> socket.socket:
    family = getattr(socket, "AF_VSOCK", None)
    if family is None:
        raise wrong(operation, address, "this system has no vsock")
    try:
        return socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise wrong(operation, address, cause_of(error)) from None


def _name(operation: str, address: Address, wrong: type[PyncError]) -> tuple[int, int]:
    """Return the kernel's name of an address; port 0 stands for a free one. Raises ``wrong``."""
    numbers = []
    for text, what in ((address.host or str(_ANY), "CID"), (address.service, "vsock port")):
        number = whole(text, _ANY)
        if number is None:
            raise wrong(operation, address, f"{shortened(text)} is not a valid {what}")
        numbers.append(number)
    cid, port = numbers
    return cid, _ANY if operation == "listen" and port == 0 else port


def _address(name: tuple[int, int]) -> Address:
    return Address("vsock", str(name[0]), str(name[1]))
