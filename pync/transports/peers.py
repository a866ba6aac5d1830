"""Datagram peers as connections: one for each sender, over the sockets of one listener.

A peer's datagrams are queued for its connection; the connection sends to that peer, from the
address that the peer has sent to.
"""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import Callable

from ..core.address import Address
from ..core.typed import TYPE_CHECKING
from .conn import Conn
from .datagram import Arrival
from .listener import Listener
from .udp import UdpListener
from .unixgram import UnixgramListener

if TYPE_CHECKING:
    from typing import Any

#: Datagrams that are received in one call, before others are served.
BURST = 64

#: How many datagrams, and how many bytes of them, may wait for one connection; more are dropped,
#: as the kernel drops those that do not fit into a socket's buffer.
MOST_WAITING = 256
MOST_BYTES = 1024 * 1024


def by_peer(listener: Listener) -> PeerListener:
    """Return a listener whose connections are the peers of ``listener``, which it then owns."""
    assert isinstance(listener, (UdpListener, UnixgramListener))
    return PeerListener(listener)


class PeerListener(Listener):
    """A listener whose connections are the senders of datagrams.

    Arguments:
        listener: owned by this object.
    """

    def __init__(self, listener: UdpListener | UnixgramListener) -> None:
        super().__init__(listener._socks, listener.addresses)
        self._listener = listener
        self._peers: dict[Any, PeerConn] = {}

    def take_nowait(self) -> Conn | None:
        """Return a connection for a new sender, or None when there is none. Raises OSError.

        It also delivers the datagrams of known peers.
        """
        for sock in self._socks:
            for _ in range(BURST):
                try:
                    data, arrival, peer = self._listener.receive_from(sock)
                except BlockingIOError:
                    break
                except ConnectionError:
                    continue  # Windows reports here that an answer could not be delivered
                key = arrival
                known = self._peers.get(key)
                if known is None:
                    local = self._listener.local_address(sock)
                    known = PeerConn(arrival, local, peer, self._forgetting(key))
                    self._peers[key] = known
                    known.deliver(data)
                    return known
                known.deliver(data)
        return None

    def close(self) -> None:
        """Stop receiving; idempotent."""
        self._listener.close()

    def _forgetting(self, key: Any) -> Callable[[PeerConn], None]:
        def forget(conn: PeerConn) -> None:
            if self._peers.get(key) is conn:
                del self._peers[key]

        return forget


class PeerConn(Conn):
    """A connection to one of the peers.

    Arguments:
        arrival: where its first datagram came from.
        local: our address.
        peer: its address.
        forget: called with the connection when no more datagrams are to be delivered to it.
    """

    datagram = True

    def __init__(
        self,
        arrival: Arrival,
        local: Address,
        peer: Address,
        forget: Callable[[PeerConn], None],
    ) -> None:
        # Readable while a datagram waits: it contains a byte for each.
        self._ready, self._signal = socket.socketpair()
        try:
            # Its own descriptor, to wait on before sending.
            super().__init__(arrival.sock.dup(), local, peer)
        except OSError:
            self._ready.close()
            self._signal.close()
            raise
        #: When its last datagram came (time.monotonic).
        self.heard_at = time.monotonic()
        self._arrival = arrival._replace(sock=self._sock)
        self._forget = forget
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._ready.setblocking(False)

    def read_fds(self) -> tuple[int, ...]:
        """Return the descriptor to wait on before recv."""
        return (self._ready.fileno(),)

    def settimeout(self, seconds: float | None) -> None:
        """Do nothing: recv and send never wait, as the sockets are shared."""

    def gettimeout(self) -> float | None:
        """Return 0: recv and send never wait."""
        return 0.0

    def deliver(self, data: bytes) -> None:
        """Queue a datagram of the peer; drop an empty one, which has no data for a stream."""
        self.heard_at = time.monotonic()
        if data and len(self._waiting) < MOST_WAITING and self._size + len(data) <= MOST_BYTES:
            self._waiting.append(data)
            self._size += len(data)
            self._signal.send(b"\0")

    def detach(self) -> None:
        """End the delivery: the peer's next datagram makes a new connection."""
        self._forget(self)

    def _recv(self, size: int) -> bytes:  # noqa: ARG002 - a datagram comes whole
        if not self._waiting:
            raise BlockingIOError
        data = self._waiting.popleft()
        self._size -= len(data)
        self._ready.recv(1)
        return data

    def send(self, data: bytes | memoryview) -> int:
        """Send one datagram to the peer. Raises OSError."""
        return self._arrival.answer(data)

    def _send_all(self, data: bytes) -> None:
        self.send(data)

    def close(self) -> None:
        """Close the connection; idempotent."""
        self.detach()
        for sock in (self._sock, self._ready, self._signal):
            sock.close()
