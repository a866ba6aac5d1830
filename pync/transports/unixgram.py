"""Unix datagram sockets (unix(7)).

A client binds a name of its own, or nobody could answer it: Linux gives it one in the
abstract namespace; elsewhere it is a path, removed at the end.
"""

from __future__ import annotations

import os
import socket
import sys

from ..core.address import Address
from ..core.errors import DialError
from . import Options
from .conn import Conn, Listener
from .datagram import Arrival, DatagramConn, ListeningConn, receive
from .unix import Placed, bound, cause, kernel_name, new_socket, remove, shown


def dial(address: Address, options: Options) -> BoundConn:
    """Send to a path. Raises DialError."""
    sock = new_socket("dial", address, socket.SOCK_DGRAM, DialError)
    placed: Placed | None = None
    at = address
    try:
        if options.source is not None:
            at = Address("unixgram", path=options.source)
        placed = _bind_somewhere(sock, options.source)
        at = address
        sock.connect(kernel_name(address.path))
    except (OSError, ValueError) as error:
        sock.close()
        remove(placed)
        raise DialError("dial", at, cause(error)) from None
    except BaseException:
        sock.close()
        remove(placed)
        raise
    local = Address("unixgram", path=shown(sock.getsockname()))
    return BoundConn(sock, local, address, placed)


def listen(address: Address, options: Options) -> UnixgramListener:
    """Receive on a path. Raises ListenError."""
    sock, placed = bound("listen", address, socket.SOCK_DGRAM)
    sock.setblocking(False)
    return UnixgramListener(sock, address, placed, options.many)


class BoundConn(DatagramConn):
    """A datagram client; close removes the path that it bound for its answers."""

    def __init__(
        self, sock: socket.socket, local: Address, peer: Address, placed: Placed | None
    ) -> None:
        super().__init__(sock, local, peer)
        self._placed = placed

    def close(self) -> None:
        """Let go and remove our own path; idempotent."""
        super().close()
        remove(self._placed)
        self._placed = None


class UnixgramListener(Listener):
    """A bound datagram socket; "accepting" is waiting for a first datagram."""

    def __init__(
        self, sock: socket.socket, address: Address, placed: Placed | None, many: bool
    ) -> None:
        super().__init__([sock], [address])
        self._placed = placed
        self._many = many

    def close(self) -> None:
        """Stop receiving and remove the path; idempotent."""
        super().close()
        remove(self._placed)
        self._placed = None

    def receive_from(self, sock: socket.socket) -> tuple[bytes, Arrival, Address]:
        """A datagram, and whose it is. Raises OSError."""
        data, arrival = receive(sock)
        return data, arrival, Address("unixgram", path=shown(arrival.sender or ""))

    def local_address(self, _sock: socket.socket) -> Address:
        """The address of the socket."""
        return self.address

    def _take(self, sock: socket.socket) -> Conn:
        _, first = receive(sock, socket.MSG_PEEK)
        peer = Address("unixgram", path=shown(first.sender or ""))
        own = sock.dup()
        first = first._replace(sock=own)
        return ListeningConn([own], self.address, peer, first, many=self._many)


def _bind_somewhere(sock: socket.socket, source: str | None) -> Placed | None:
    if source is None and sys.platform.startswith("linux"):
        # An empty name: the kernel chooses a free abstract one (unix(7), autobind).
        sock.bind("")
        return None
    folder = os.environ.get("TMPDIR", "/tmp")
    path = source or os.path.join(folder, f"pync-{os.getpid()}-{sock.fileno()}")
    sock.bind(kernel_name(path))
    if path.startswith("@"):
        return None
    found = os.lstat(path)
    return path, found.st_dev, found.st_ino
