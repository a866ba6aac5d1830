"""What UDP and Unix datagram sockets share: each read is one datagram.

A datagram connection has no EOF, so it has no ``send_eof`` and ``recv`` never returns
``b""``: an empty datagram carries nothing for a stream and is passed over.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, NamedTuple

from ..core.address import Address
from ..core.deadline import Deadline
from ..waiting.readiness import readable
from .conn import Conn

#: The largest datagram that UDP can carry over IPv4 (RFC 768: 65,535 less the headers).
LARGEST = 65_507


class DatagramConn(Conn):
    """A connected datagram socket."""

    datagram = True

    def recv(self, size: int) -> bytes:
        """The next datagram that is not empty, whole. Raises OSError."""
        while True:
            data = self._sock.recv(max(size, LARGEST))
            if data:
                return data

    def stop_sending(self) -> None:
        """Tell the kernel that nothing more is sent; nothing of it reaches the peer."""
        shut_for_sending(self._sock)


class Arrival(NamedTuple):
    """Where a datagram came from: the sender's name, our socket, our address.

    ``came_to`` is the packet information for the answer, as sendmsg takes it. ``to_many``: it
    was sent to a broadcast address or to a group.
    """

    sender: Any
    sock: socket.socket
    came_to: tuple[tuple[int, int, bytes], ...] = ()
    to_many: bool = False


#: Receives one datagram with a socket, with these flags (MSG_PEEK or 0).
Receive = Callable[[socket.socket, int], "tuple[bytes, Arrival]"]


def receive(sock: socket.socket, flags: int = 0) -> tuple[bytes, Arrival]:
    """One datagram and its sender. Raises OSError."""
    data, sender = sock.recvfrom(LARGEST, flags)
    return data, Arrival(sender, sock)


def shut_for_sending(sock: socket.socket) -> None:
    """shutdown(2), as nc -N does: who traces a program sees that its input has ended."""
    try:
        sock.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # it is not connected, or the system shuts no datagram sockets


class ListeningConn(Conn):
    """Bound datagram sockets that answer the sender of the last datagram.

    Arguments:
        socks: bound, not blocking; owned from now on.
        local: our address.
        peer: the first sender's address.
        first: where its first datagram came from.
        many: whether to hear everyone and answer the latest; else only the first.
        receive: takes one datagram from a socket.
    """

    datagram = True

    def __init__(
        self,
        socks: list[socket.socket],
        local: Address,
        peer: Address,
        first: Arrival,
        *,
        many: bool,
        receive: Receive = receive,
    ) -> None:
        super().__init__(first.sock, local, peer)
        self._socks = socks
        self._talking = first
        self._many = many
        self._receive = receive
        self._timeout: float | None = None

    def read_fds(self) -> tuple[int, ...]:
        """The descriptors to wait on before recv."""
        return tuple(sock.fileno() for sock in self._socks)

    def settimeout(self, seconds: float | None) -> None:
        """How long recv waits: None for ever, 0 not at all (BlockingIOError)."""
        self._timeout = seconds

    def gettimeout(self) -> float | None:
        """What settimeout set, in seconds."""
        return self._timeout

    def recv(self, size: int) -> bytes:  # noqa: ARG002 - a datagram comes whole
        """The next datagram that is not empty and not a stranger's. Raises OSError."""
        deadline = Deadline(self._timeout)
        while True:
            for sock in self._socks:
                data = self._heard(sock)
                if data:
                    return data
            if self._timeout == 0:
                raise BlockingIOError
            self._wait(deadline)

    def send(self, data: bytes | memoryview) -> int:
        """Send one datagram to the peer. Raises OSError."""
        sender, sock, came_to, _ = self._talking
        if not sender:
            raise OSError("the peer has no name to send to")
        if came_to:
            return sock.sendmsg([data], came_to, 0, sender)
        return sock.sendto(data, sender)

    def send_all(self, data: bytes) -> None:
        """Send one datagram to the peer. Raises OSError."""
        self.send(data)

    def close(self) -> None:
        """Let go; idempotent."""
        for sock in self._socks:
            sock.close()

    def _heard(self, sock: socket.socket) -> bytes:
        """What the next datagrams for us hold; ``b""`` when none waits."""
        while True:
            try:
                data, arrival = self._receive(sock, 0)
            except BlockingIOError:
                return b""
            if self._many:
                self._talking = arrival
            elif arrival.sender != self._talking.sender:
                continue  # a stranger's, queued before the lock
            if data:
                return data

    def _wait(self, deadline: Deadline) -> None:
        if not readable(self.read_fds(), deadline):
            raise TimeoutError("timed out")
