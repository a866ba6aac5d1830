"""What UDP and Unix datagram sockets share: each read is one datagram.

A datagram connection has no EOF, so it has no ``send_eof`` and ``recv`` never returns ``b""``: an
empty datagram has no data for a stream and is skipped. Code that relays datagrams unchanged calls
``recv_whole``.
"""

from __future__ import annotations

import errno
import os
import re
import socket
from collections.abc import Callable, Iterator
from types import EllipsisType

from ..core.address import Address
from ..core.deadline import Deadline
from ..core.typed import TYPE_CHECKING, NamedTuple
from ..waiting.readiness import readable
from .conn import Conn

if TYPE_CHECKING:
    from typing import Any

#: The largest datagram that UDP can carry over IPv4 (RFC 768: 65,535 less the headers).
LARGEST = 65_507

#: Bytes of one read: datagrams over IPv6 can be 20 bytes longer (RFC 8200 4.5: the length does not
#: include the IPv6 header).
ANY = 65_535

#: Bytes of one read from a Unix datagram socket: its datagrams are as large as the sender's buffer,
#: of which the kernel's default is 208 KiB.
LARGEST_LOCAL = 256 * 1024


class Datagrams(Conn):
    """The base of datagram connections: ``recv`` returns the next datagram, whole."""

    datagram = True

    def recv_whole(self) -> bytes:
        """Return the next datagram, ``b""`` for an empty one. Raises OSError."""
        raise NotImplementedError

    def _recv(self, size: int) -> bytes:  # noqa: ARG002 - a datagram comes whole
        while True:
            data = self.recv_whole()
            if data:
                return data

    def __iter__(self) -> Iterator[bytes]:
        """Yield datagrams; without DTLS there is no end except TimeoutError (settimeout)."""
        while True:
            data = self.recv()
            if self.ended and not data:
                return
            yield data

    def expect(
        self, pattern: bytes | re.Pattern[bytes], *, timeout: float | EllipsisType | None = ...
    ) -> re.Match[bytes]:
        """Wait for a datagram that contains a match of a regular expression; skip others.

        Raises OSError; TimeoutError when ``timeout`` seconds (settimeout's, if it is not given)
        are over.
        """
        deadline = Deadline(self.gettimeout() if isinstance(timeout, EllipsisType) else timeout)
        while True:
            data = self.recv(timeout=deadline.remaining)
            match = re.search(pattern, data)
            if match:
                return match
            if self.ended and not data:
                from ..core.readahead import IncompleteError

                raise IncompleteError("expect", self.peer, "the peer ended")

    def _recv_within(self, size: int, deadline: Deadline) -> bytes:
        # It is not enough to wait for the descriptor: the datagram may be empty, or not from the
        # peer.
        before = self.gettimeout()
        self.settimeout(deadline.remaining)
        try:
            return self._recv(size)
        except BlockingIOError:
            raise TimeoutError("timed out") from None
        finally:
            self.settimeout(before)


def too_long() -> OSError:
    """Return the error for a datagram that is larger than the maximum."""
    return OSError(errno.EMSGSIZE, os.strerror(errno.EMSGSIZE))


class DatagramConn(Datagrams):
    """A connected datagram socket."""

    def __init__(self, sock: socket.socket, local: Address, peer: Address) -> None:
        super().__init__(sock, local, peer)
        self._largest = ANY if sock.family in _INTERNET else LARGEST_LOCAL

    def recv_whole(self) -> bytes:
        """Return the next datagram, ``b""`` for an empty one. Raises OSError."""
        return self._sock.recv(self._largest)

    def stop_sending(self) -> None:
        """Tell the kernel that nothing more is sent; the peer does not notice."""
        shut_for_sending(self._sock)


class Arrival(NamedTuple):
    """Where a datagram came from: the sender's name, our socket, our address.

    ``came_to``: the packet information for the answer, in the form of sendmsg. ``to_many``: it
    was sent to a broadcast address or to a group.
    """

    sender: Any
    sock: socket.socket
    came_to: tuple[tuple[int, int, bytes], ...] = ()
    to_many: bool = False

    def answer(self, data: bytes | memoryview) -> int:
        """Send a datagram back, from the address that the peer has sent to. Raises OSError."""
        if not self.sender:
            raise OSError("the peer has no name to send to")
        if self.came_to:
            return self.sock.sendmsg([data], self.came_to, 0, self.sender)
        return self.sock.sendto(data, self.sender)


_INTERNET = (socket.AF_INET, socket.AF_INET6)

#: Receives one datagram from a socket, with these flags (MSG_PEEK or 0).
Receive = Callable[[socket.socket, int], "tuple[bytes, Arrival]"]


def receive(sock: socket.socket, flags: int = 0) -> tuple[bytes, Arrival]:
    """Receive one UDP datagram and its sender. Raises OSError."""
    data, sender = sock.recvfrom(ANY, flags)
    return data, Arrival(sender, sock)


def receive_local(sock: socket.socket, flags: int = 0) -> tuple[bytes, Arrival]:
    """Receive one Unix datagram and its sender. Raises OSError."""
    data, sender = sock.recvfrom(LARGEST_LOCAL, flags)
    return data, Arrival(sender, sock)


def shut_for_sending(sock: socket.socket) -> None:
    """Call shutdown(2), as nc -N does: a trace of the program shows that its input has ended."""
    try:
        sock.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # it is not connected, or the system cannot shut datagram sockets down


class ListeningConn(Datagrams):
    """Bound datagram sockets that answer the sender of the last datagram.

    Arguments:
        socks: bound, not blocking; owned by this object.
        local: our address.
        peer: the first sender's address.
        first: where its first datagram came from.
        many: whether to receive from all and answer the latest; if not, only the first.
        receive: receives one datagram from a socket.
    """

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
        """Return the descriptors to wait on before recv."""
        return tuple(sock.fileno() for sock in self._socks)

    def settimeout(self, seconds: float | None) -> None:
        """Set how long recv waits: None for ever, 0 not at all (BlockingIOError)."""
        self._timeout = seconds

    def gettimeout(self) -> float | None:
        """Return what settimeout has set, in seconds."""
        return self._timeout

    def recv_whole(self) -> bytes:
        """Return the next datagram for us, ``b""`` for an empty one. Raises OSError."""
        deadline = Deadline(self._timeout)
        while True:
            for sock in self._socks:
                data = self._heard(sock)
                if data is not None:
                    return data
            if self._timeout == 0:
                raise BlockingIOError
            self._wait(deadline)

    def send(self, data: bytes | memoryview) -> int:
        """Send one datagram to the peer. Raises OSError."""
        return self._talking.answer(data)

    def _send_all(self, data: bytes) -> None:
        self.send(data)

    def close(self) -> None:
        """Close the sockets; idempotent."""
        for sock in self._socks:
            sock.close()

    def _heard(self, sock: socket.socket) -> bytes | None:
        """Return the next datagram for us; None when none waits."""
        while True:
            try:
                data, arrival = self._receive(sock, 0)
            except BlockingIOError:
                return None
            if self._many:
                self._talking = arrival
            elif arrival.sender != self._talking.sender:
                continue  # of another sender, queued before the lock
            return data

    def _wait(self, deadline: Deadline) -> None:
        if not readable(self.read_fds(), deadline):
            raise TimeoutError("timed out")
