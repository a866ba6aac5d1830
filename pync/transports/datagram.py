"""What UDP and Unix datagram sockets share: each read is one datagram.

A datagram connection has no EOF, so it has no ``send_eof`` and ``recv`` never returns
``b""``: an empty datagram carries nothing for a stream and is passed over.
"""

from __future__ import annotations

import socket
from collections.abc import Callable

from ..core.address import Address
from .conn import Conn

#: The largest datagram that UDP can carry over IPv4 (RFC 768: 65,535 less the headers).
LARGEST = 65_507


class DatagramConn(Conn):
    """A datagram socket that talks to one peer."""

    datagram = True

    def recv(self, size: int) -> bytes:
        """The next datagram that is not empty, whole. Raises OSError."""
        while True:
            data = self._sock.recv(max(size, LARGEST))
            if data:
                return data


class FirstPeerConn(DatagramConn):
    """An unconnected socket that talks to its first peer and hears nobody else.

    Arguments:
        sock: has received (and still holds) the first datagram.
        accepts: whether a datagram's sender is our peer.
        reply: sends one datagram to the peer.
    """

    def __init__(
        self,
        sock: socket.socket,
        local: Address,
        peer: Address,
        accepts: Callable[[object], bool],
        reply: Callable[[bytes | memoryview], int],
    ) -> None:
        super().__init__(sock, local, peer)
        self._accepts = accepts
        self._reply = reply

    def recv(self, size: int) -> bytes:
        """The peer's next datagram; a stranger's is dropped. Raises OSError."""
        while True:
            data, sender = self._sock.recvfrom(max(size, LARGEST))
            if data and self._accepts(sender):
                return data

    def send(self, data: bytes | memoryview) -> int:
        """Send one datagram to the peer. Raises OSError."""
        return self._reply(data)

    def send_all(self, data: bytes) -> None:
        """Send one datagram to the peer. Raises OSError."""
        self._reply(data)


class LatestPeerConn(DatagramConn):
    """Takes datagrams from everyone; answers go to the latest sender (``-k``)."""

    def __init__(self, sock: socket.socket, local: Address, peer: Address, latest: object) -> None:
        super().__init__(sock, local, peer)
        self._latest = latest

    def recv(self, size: int) -> bytes:
        """The next datagram from anyone. Raises OSError."""
        while True:
            data, self._latest = self._sock.recvfrom(max(size, LARGEST))
            if data:
                return data

    def send(self, data: bytes | memoryview) -> int:
        """Send one datagram to the latest sender. Raises OSError."""
        return self._sock.sendto(data, self._latest)  # type: ignore[arg-type]

    def send_all(self, data: bytes) -> None:
        """Send one datagram to the latest sender. Raises OSError."""
        self.send(data)
