"""Listening for DTLS: cookies first, then a separate socket for each peer.

The sender of a ClientHello gets a cookie that is bound to its address (RFC 6347 4.2.1). The
listener stores nothing until the sender returns the cookie, and so proves that it receives at this
address: forged addresses cost no memory, and get no more bytes than were received from them. Then
a second socket is bound to the same address and connected to the peer. The kernel delivers the
peer's datagrams to it, so peers are served side by side, or one after the other, as over TCP.
"""

from __future__ import annotations

import socket
import sys
from collections import deque
from contextlib import suppress

from OpenSSL import SSL

from ...core.address import Address
from ...core.errors import UsageError
from ...layers.dtls import DtlsCodec
from .. import Options, pktinfo, sockopts
from ..conn import Conn
from ..datagram import ANY, Arrival, DatagramConn
from ..internet import address_of
from ..listener import Listener
from ..udp import UdpListener
from .context import server_connection
from .handshake import DtlsSecuring
from .verifying import Expected

#: Datagrams to receive from a socket before others have their turn.
BURST = 64

#: When so many peers are known, those whose connections are closed are forgotten.
MOST_KNOWN = 4096


class DtlsListener(Listener):
    """A listener whose clients have returned a cookie; their handshakes follow.

    Arguments:
        plain: the bound sockets; owned by this object.
        context: that of a server.
        options: those of the sockets of peers.
    """

    # A datagram of another peer waits in _strays, and not in the socket.
    has_queue = True

    def __init__(self, plain: UdpListener, context: SSL.Context, options: Options) -> None:
        if sys.platform == "win32" and options.many:
            raise UsageError("-k with DTLS: Windows cannot have a socket for each peer of one port")
        super().__init__(plain._socks, plain.addresses)
        self._plain = plain
        self._options = options
        self._context = context
        #: Datagrams of other peers, received while a peer's socket was being connected.
        self._strays: deque[tuple[bytes, Arrival]] = deque()
        self._known: dict[Arrival, PeerConn] = {}

    def use(self, context: SSL.Context) -> None:
        """Use this context of a server for the peers that come from now on."""
        self._context = context

    def take_nowait(self) -> Conn | None:
        """Return the next peer that has returned its cookie, or None. Raises OSError."""
        while self._strays:
            data, arrival = self._strays.popleft()
            if self.admits(self._plain.peer_address(arrival)):
                conn = self._greeted(data, arrival)
                if conn is not None:
                    return conn
        for sock in list(self._socks):
            for _ in range(BURST):
                try:
                    data, arrival, peer = self._plain.receive_from(sock)
                except BlockingIOError:
                    break
                except ConnectionError:
                    continue  # Windows reports here that an answer of ours was not received
                if arrival.to_many or not self.admits(peer):
                    continue
                conn = self._greeted(data, arrival)
                if conn is not None:
                    return conn
        return None

    def close(self) -> None:
        """Stop listening; idempotent."""
        self.closed = True
        self._plain.close()

    def _greeted(self, data: bytes, arrival: Arrival) -> PeerConn | None:
        """Answer a datagram of a new peer; return a connection if it has returned its cookie."""
        known = self._known.get(arrival)
        if not data or (known is not None and known.fileno() != -1):
            # It is empty, or it came before the peer's own socket was connected. If it matters, the
            # peer sends it again.
            return None
        # Use a new object for each datagram: it could not distinguish this sender's data from what
        # another sender has left in it.
        greeting = server_connection(self._context)
        expected = greeting.get_app_data()
        expected.peer = repr((arrival.sender, arrival.came_to)).encode()
        greeting.bio_write(data)
        try:
            greeting.DTLSv1_listen()
        except SSL.WantReadError:
            self._answer(greeting, arrival)
            return None
        except SSL.Error:
            return None  # it is not a ClientHello
        conn = self._connected(greeting, expected, arrival)
        if len(self._known) >= MOST_KNOWN:
            self._known = {at: one for at, one in self._known.items() if one.fileno() != -1}
        self._known[arrival] = conn
        return conn

    def _answer(self, greeting: SSL.Connection, arrival: Arrival) -> None:
        codec = DtlsCodec(greeting)
        try:
            for datagram in codec.outgoing():
                arrival.answer(datagram)
        except OSError:
            pass  # the client is gone, or our buffer is full: the client asks again

    def _connected(
        self, greeting: SSL.Connection, expected: Expected, arrival: Arrival
    ) -> PeerConn:
        """Return a connection with a socket for this peer only. Raises OSError."""
        if sys.platform == "win32":
            self._socks.remove(arrival.sock)
            arrival.sock.connect(arrival.sender)
            return self._peer(arrival.sock, greeting, expected)
        sock = socket.socket(arrival.sock.family, socket.SOCK_DGRAM)
        try:
            self._bind_beside(sock, arrival)
            sock.setblocking(False)
            sock.connect(arrival.sender)
            first = self._sort(sock, arrival)
            return self._peer(sock, greeting, expected, first)
        except BaseException:
            sock.close()
            raise

    def _peer(
        self,
        sock: socket.socket,
        greeting: SSL.Connection,
        expected: Expected,
        first: list[bytes] | None = None,
    ) -> PeerConn:
        scheme = self.address.scheme
        local = address_of(scheme, sock.getsockname())
        peer = address_of(scheme, sock.getpeername())
        return PeerConn(sock, local, peer, DtlsCodec(greeting), expected, first or [])

    def _bind_beside(self, sock: socket.socket, arrival: Arrival) -> None:
        """Bind to the address that the peer has sent to; no other program can ever bind to it."""
        listening = arrival.sock
        sharing = _SHARING
        sockopts.apply(sock, self._options.sockopts)
        if sock.family == socket.AF_INET6:
            only = listening.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
        name = listening.getsockname()
        own = pktinfo.own_address(arrival)
        if own is not None and len(name) > 2:
            name = (*name[:3], arrival.sender[3])  # a link-local address needs its interface
        sock.setsockopt(socket.SOL_SOCKET, sharing, 1)
        before = listening.getsockopt(socket.SOL_SOCKET, sharing)
        listening.setsockopt(socket.SOL_SOCKET, sharing, 1)
        try:
            sock.bind(name if own is None else (own, *name[1:]))
        finally:
            listening.setsockopt(socket.SOL_SOCKET, sharing, before)

    def _sort(self, sock: socket.socket, arrival: Arrival) -> list[bytes]:
        """Return the peer's datagrams from before its socket was connected; keep those of others.

        (A ClientHello may be in several datagrams: ncat's is, as ncat does not know the MTU.)
        """
        mine: list[bytes] = []

        def sort(data: bytes, came: Arrival) -> None:
            if came == arrival:
                mine.append(data)
            else:
                self._strays.append((data, came))

        with suppress(OSError):
            while True:
                data, came = self._plain.receive_any(arrival.sock)
                sort(data, came)
        with suppress(OSError):
            while True:
                # Between bind and connect, the socket receives from any sender.
                data, sender = sock.recvfrom(ANY)
                sort(data, arrival._replace(sender=sender))
        return mine


#: The option with which two sockets have the same port; the kernel distinguishes them by their
#: peers.
_SHARING = (
    socket.SO_REUSEADDR
    if sys.platform.startswith("linux") or not hasattr(socket, "SO_REUSEPORT")
    else socket.SO_REUSEPORT
)


class PeerConn(DatagramConn):
    """The socket of one peer, and our side of its handshake, which follows.

    Arguments:
        first: datagrams of the peer that were received before.
    """

    def __init__(
        self,
        sock: socket.socket,
        local: Address,
        peer: Address,
        codec: DtlsCodec,
        expected: Expected,
        first: list[bytes],
    ) -> None:
        super().__init__(sock, local, peer)
        self._codec = codec
        self._expected = expected
        self._first = first

    def securing(self) -> DtlsSecuring:
        """Return the handshake, which owns this connection."""
        return DtlsSecuring(self, self._codec, self._expected, server_side=True)

    def recv_whole(self) -> bytes:
        """Return the next datagram of the network. Raises OSError."""
        return self._first.pop(0) if self._first else super().recv_whole()
