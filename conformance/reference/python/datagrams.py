"""Services over datagrams: one socket for all, and an answer to each datagram.

What a right server minds: the answer goes to the datagram's own source, from the socket that
received it; a datagram is whole or not at all, and may be empty; an error that an earlier
answer met (its port has been closed) is not an error of the next; and what the socket does not
take now waits, and its intake with it.
"""

import socket
from collections import deque

from .connection import READ, WRITE
from .service import Service
from .serving import Server, host_and_port

#: Bytes of a buffer that takes any datagram.
ROOM = 65_536

#: Datagrams of one turn; then signals and timers have theirs.
TURN = 256


class DatagramServer(Server):
    """Receives and answers."""

    schemes = ("udp",)

    def listen(self, address: str) -> socket.socket:
        """The one socket."""
        if self.path:
            raise ValueError(f"{address!r} is not a valid address for datagrams")
        self.scheme, host, port = host_and_port(address, self.schemes)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            # Room for senders that come together; the kernel drops what does not fit.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * ROOM)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * ROOM)
            sock.bind((host, port))
        except OSError:
            sock.close()
            raise
        self.waiting: deque[tuple[bytes, tuple[str, int]]] = deque()
        return sock

    def accept(self) -> None:
        """Take what has come, and answer."""
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
        """Send what waits; False when the socket takes no more."""
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
        """Answer a sender."""
        self.listener.sendto(data, source)

    def failed(self, error: OSError) -> None:
        """One sender cannot be reached, or has gone: that is its own affair."""


class Datagrams(Service):
    """A service over datagrams says what is answered to one."""

    server_class = DatagramServer

    @classmethod
    def answer(cls, data: bytes) -> "list[bytes]":
        """The answers to a datagram."""
        raise NotImplementedError


class UdpEcho(Datagrams):
    """udp-echo (SPEC 11): every datagram comes back."""

    @classmethod
    def answer(cls, data: bytes) -> "list[bytes]":
        """The datagram itself."""
        return [data]
