"""Services over datagrams: one socket for all, and an answer to each datagram.

A correct server sends the answer to the datagram's own source, from the socket that received it.
A datagram arrives completely or not at all, and may be empty. An error of an earlier answer (its
port has been closed) is not an error of the next one. If the socket does not accept an answer now,
the answer waits, and no further datagram is received in the meantime.
"""

import socket
from collections import deque

from .connection import READ, WRITE
from .service import Service
from .serving import Server, host_and_port

#: The size of a buffer for any datagram.
ROOM = 65_536

#: The most datagrams of one turn; then signals and timers are handled.
TURN = 256


class DatagramServer(Server):
    """A server that receives and answers datagrams."""

    schemes = ("udp",)

    def listen(self, address: str) -> socket.socket:
        """Return the only socket."""
        if self.path:
            raise ValueError(f"{address!r} is not a valid address for datagrams")
        self.scheme, host, port = host_and_port(address, self.schemes)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            # A large buffer for many senders at once; the kernel drops datagrams that do not fit.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * ROOM)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * ROOM)
            sock.bind((host, port))
        except OSError:
            sock.close()
            raise
        self.waiting: deque[tuple[bytes, tuple[str, int]]] = deque()
        return sock

    def accept(self) -> None:
        """Receive waiting datagrams, and answer them."""
        assert issubclass(self.service, Datagrams)
        for _ in range(TURN):
            if not self.flush():
                return
            try:
                data, source = self.listener.recvfrom(ROOM)
            except BlockingIOError:
                return
            except OSError as error:
                self.failed(error)
                continue
            for answer in self.service.answer(data):
                self.waiting.append((answer, source))
        self.flush()

    def flush(self) -> bool:
        """Send waiting answers; return False if the socket accepts no more."""
        full = False
        while self.waiting and not full:
            try:
                self.send(*self.waiting[0])
            except BlockingIOError:
                full = True
                break
            except OSError as error:
                self.failed(error)
            self.waiting.popleft()
        self._selector.modify(self.listener, WRITE if full else READ)
        return not full

    def send(self, data: bytes, source: "tuple[str, int]") -> None:
        """Send an answer."""
        self.listener.sendto(data, source)

    def failed(self, error: OSError) -> None:
        """Ignore that one sender cannot be reached; other senders are not affected."""


class Datagrams(Service):
    """A service over datagrams; its subclasses define the answers."""

    server_class = DatagramServer

    @classmethod
    def answer(cls, data: bytes) -> "list[bytes]":
        """Return the answers to a datagram."""
        raise NotImplementedError


class UdpEcho(Datagrams):
    """udp-echo (SPEC 11): every datagram comes back."""

    @classmethod
    def answer(cls, data: bytes) -> "list[bytes]":
        """Return the datagram itself."""
        return [data]
