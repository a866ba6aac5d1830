"""Unix datagram sockets (unix(7)).

A client binds a name, because it could not get answers without one: the path that the user gives,
or on Linux an abstract name, or a path in a new folder. Paths are removed at the end.
"""

from __future__ import annotations

import os
import socket
import sys

from ..core.address import Address
from ..core.errors import DialError
from ..core.server_events import Bound
from . import Options
from .conn import Conn
from .datagram import Arrival, DatagramConn, ListeningConn, receive_local
from .listener import Listener
from .unix import (
    Placed,
    bound,
    cause,
    kernel_name,
    new_socket,
    place,
    remove,
    shown,
    taking_turns,
)


def dial(address: Address, options: Options) -> BoundConn:
    """Send to a path. Raises DialError."""
    sock = new_socket("dial", address, socket.SOCK_DGRAM, DialError)
    own = _Name(options)
    at = address
    try:
        if options.source is not None:
            at = Address("unixgram", path=options.source)
        own.bind(sock)
        at = address
        local = Address("unixgram", path=shown(sock.getsockname()))
        if own.placed is not None:
            options.report(Bound(local))
        sock.connect(kernel_name(address.path))
    except (OSError, ValueError) as error:
        own.remove()
        sock.close()
        raise DialError("dial", at, cause(error)) from None
    except BaseException:
        own.remove()
        sock.close()
        raise
    return BoundConn(sock, local, address, own)


class _Name:
    """The name of a client."""

    def __init__(self, options: Options) -> None:
        #: Its path, if it has one.
        self.placed: Placed | None = None
        self._source = options.source
        self._abstract = sys.platform.startswith("linux") and not options.own_path
        self._folder: str | None = None

    def bind(self, sock: socket.socket) -> None:
        """Bind a socket to the name. Raises OSError, ValueError."""
        path = self._source
        if path is None and self._abstract:
            # An empty name: the kernel chooses a free abstract one (unix(7), autobind).
            sock.bind("")
            return
        if path is None:
            self._folder = _new_folder()
            path = os.path.join(self._folder, "recv.sock")
        with taking_turns(path):
            self.placed = place(sock, path)

    def remove(self) -> None:
        """Remove its path; idempotent."""
        remove(self.placed)
        self.placed = None
        if self._folder is not None:
            try:
                os.rmdir(self._folder)
            except OSError:
                pass  # there is another file in it
            self._folder = None


def _new_folder() -> str:
    """Return a new folder, which only its owner can write to. Raises OSError."""
    parent = os.environ.get("TMPDIR") or "/tmp"
    while True:
        folder = os.path.join(parent, f"nc-{os.urandom(3).hex()}")
        try:
            os.mkdir(folder, 0o700)
        except FileExistsError:
            continue
        return folder


def listen(address: Address, options: Options) -> UnixgramListener:
    """Receive on a path. Raises ListenError."""
    with taking_turns(address.path):
        sock, placed = bound("listen", address, socket.SOCK_DGRAM)
    sock.setblocking(False)
    return UnixgramListener(sock, address, placed, options.many)


class BoundConn(DatagramConn):
    """A datagram client; close removes the path that it has bound for answers."""

    def __init__(self, sock: socket.socket, local: Address, peer: Address, own: _Name) -> None:
        super().__init__(sock, local, peer)
        self._own = own

    def connect_again(self) -> None:
        """Connect to the current listener at the path, which may be a new one. Raises OSError."""
        self._sock.connect(kernel_name(self.peer.path))

    def close(self) -> None:
        """Remove our own path and close the socket; idempotent."""
        self._own.remove()
        super().close()


class UnixgramListener(Listener):
    """A bound datagram socket; "accepting" is waiting for a first datagram.

    Arguments:
        placed: the bound path; None if there is none, or if it is not ours.
        many: receive from all peers after the first datagram.
        shared: other processes have the socket too, so it must not be connected to a peer.
    """

    def __init__(
        self,
        sock: socket.socket,
        address: Address,
        placed: Placed | None,
        many: bool,
        *,
        shared: bool = False,
    ) -> None:
        super().__init__([sock], [address])
        self._placed = placed
        self._many = many
        self._shared = shared

    def close(self) -> None:
        """Remove the path and stop receiving; idempotent."""
        remove(self._placed)
        self._placed = None
        super().close()

    def receive_from(self, sock: socket.socket) -> tuple[bytes, Arrival, Address]:
        """Return a datagram, and its sender's address. Raises OSError."""
        data, arrival = receive_local(sock)
        return data, arrival, self.peer_address(arrival)

    def receive_any(self, sock: socket.socket) -> tuple[bytes, Arrival]:
        """Return a datagram of any peer. Raises OSError."""
        return receive_local(sock)

    def peer_address(self, arrival: Arrival) -> Address:
        """Return the sender's address; its path is empty if the sender has no name."""
        return Address("unixgram", path=shown(arrival.sender or ""))

    def local_address(self, _sock: socket.socket) -> Address:
        """Return the address of the socket."""
        return self.address

    def _take(self, sock: socket.socket) -> Conn:
        _, first = receive_local(sock, socket.MSG_PEEK)
        peer = Address("unixgram", path=shown(first.sender or ""))
        own = sock.dup()
        if first.sender and not (self._many or self._shared):
            # A second peer gets the error EPERM when it sends, instead of being ignored.
            try:
                sock.connect(first.sender)
            except OSError:
                pass  # the peer has closed already; its datagram is still delivered
        first = first._replace(sock=own)
        return ListeningConn(
            [own], self.address, peer, first, many=self._many, receive=receive_local
        )
