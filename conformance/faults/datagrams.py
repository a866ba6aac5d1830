"""The proxy for datagrams: it uses a separate port to the server for each client.

An answer is one datagram. The changes to streams exist for datagrams too; the faults that only
datagrams can have are below.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

from ..targets.address import Address, endpoints
from .lawful import DELAY
from .loop import READABLE, Loop

#: The size of a buffer for any datagram.
ROOM = 65_536

#: Seconds that an answer is kept, to swap it with another client's answer.
_PATIENCE = 0.05


class DatagramProxy:
    """A proxy from ``address`` to the server at ``upstream``; answers go back to the clients.

    Arguments: the same as those of StreamProxy.
    """

    def __init__(self, upstream: Address, entrance: Address, make: type[Exchange]) -> None:
        self.upstream = upstream
        #: How often the fault has changed something that a side can see.
        self.acted = 0
        self.loop = Loop()
        self.exchanges: dict[Any, Exchange] = {}
        #: An answer that is kept, to swap it with another client's answer.
        self.kept: tuple[Exchange, bytes] | None = None
        self._make = make
        family = socket.AF_INET6 if ":" in entrance.host else socket.AF_INET
        self.sock = _socket(family)
        self.sock.bind((entrance.host, 0))
        self.address = entrance._replace(port=self.sock.getsockname()[1])
        self.loop.watch(self.sock, READABLE, lambda _: self._receive())
        self.loop.start()

    def shown(self, _unread: Collection[object], _resets: bool) -> int:
        """Return how often the fault has changed something that a client could have seen so far."""
        return self.acted

    def lead_to(self, upstream: Address) -> None:
        """Send all later datagrams to another server."""

        def lead() -> None:
            self.upstream = upstream
            self._forget()

        self.loop.call(lead)

    def look_for_clients(self) -> None:
        """Close the proxy's port for each client that has closed its own port."""
        for exchange in list(self.exchanges.values()):
            exchange.look_for_client()

    def close(self) -> None:
        """End the loop and close all sockets."""
        self.loop.stop()
        self._forget()
        self.sock.close()

    def _forget(self) -> None:
        for exchange in self.exchanges.values():
            self.loop.unwatch(exchange.sock)
            exchange.sock.close()
        self.exchanges.clear()

    def _receive(self) -> None:
        with suppress(OSError):  # the client or the server has closed its port
            data, client = self.sock.recvfrom(ROOM)
            if client not in self.exchanges:
                self.exchanges[client] = self._make(self, client)
            self.exchanges[client].from_client(data)


class Exchange:
    """The exchange between one port of a client and the server; it forwards everything."""

    def __init__(self, proxy: DatagramProxy, client: Any) -> None:
        self.proxy = proxy
        self.client = client
        family, name = endpoints(proxy.upstream)[0]
        self.sock = _socket(family)
        self.sock.connect(name)
        proxy.loop.watch(self.sock, READABLE, lambda _: self._receive())

    def from_client(self, data: bytes) -> None:
        """Handle a datagram from the client."""
        self.to_server(data)

    def from_server(self, data: bytes) -> None:
        """Handle a datagram from the server."""
        self.to_client(data)

    def look_for_client(self) -> None:
        """Close the proxy's port if the client has closed its own port.

        Then datagrams from the server get "unreachable" as the answer (RFC 1122 4.1.3.1).
        """
        known = self.proxy.exchanges
        if known.get(self.client) is self and _is_closed(self.client):
            del known[self.client]
            self.proxy.loop.unwatch(self.sock)
            self.sock.close()

    def to_server(self, data: bytes) -> None:
        """Send a datagram to the server."""
        with suppress(OSError):
            self.sock.send(data)

    def to_client(self, data: bytes, sock: socket.socket | None = None) -> None:
        """Send a datagram to the client, from the proxy's port or from another socket."""
        with suppress(OSError):
            (sock or self.proxy.sock).sendto(data, self.client)

    def acts(self) -> None:
        """Count that the fault has changed something that a side can see."""
        self.proxy.acted += 1

    def _receive(self) -> None:
        try:
            data = self.sock.recv(ROOM)
        except OSError:
            return  # "unreachable" is reported on a connected socket
        self.from_server(data)


def changed_datagram(change: Callable[[bytes], bytes]) -> type[Exchange]:
    """Return the fault that makes this change to every answer."""

    class Changed(Exchange):
        def from_server(self, data: bytes) -> None:
            said = change(data)
            if said != data:
                self.acts()
            self.to_client(said)

    return Changed


class Twice(Exchange):
    """Each answer comes twice."""

    def from_server(self, data: bytes) -> None:
        self.acts()
        self.to_client(data)
        self.to_client(data)


class Late(Exchange):
    """An answer comes with the next datagram of its client."""

    _late: bytes | None = None

    def from_client(self, data: bytes) -> None:
        if self._late is not None:
            self.to_client(self._late)
            self._late = None
        super().from_client(data)

    def from_server(self, data: bytes) -> None:
        self.acts()
        self._late = data


class Once(Exchange):
    """Only the first datagram of a port is answered."""

    _answered = False

    def from_server(self, data: bytes) -> None:
        if self._answered:
            self.acts()
        else:
            self.to_client(data)
        self._answered = True


class EmptySwallowed(Exchange):
    """An empty datagram is not answered: the server treats b"" as an end."""

    def from_server(self, data: bytes) -> None:
        if data:
            self.to_client(data)
        else:
            self.acts()


class OtherPort(Exchange):
    """Answers come from another port than the one that got the question."""

    def from_server(self, data: bytes) -> None:
        self.acts()
        with _socket(self.proxy.sock.family) as other:
            other.bind((self.proxy.address.host, 0))
            self.to_client(data, other)


class Swapped(Exchange):
    """The answers to two clients that ask at the same time are swapped."""

    def from_server(self, data: bytes) -> None:
        kept = self.proxy.kept
        if kept is not None and kept[0] is not self:
            if kept[1] != data:
                self.acts()
            self.proxy.kept = None
            kept[0].to_client(data)
            self.to_client(kept[1])
            return
        self._release()
        if len(self.proxy.exchanges) == 1:
            self.to_client(data)
            return
        self.proxy.kept = self, data
        self.proxy.loop.after(_PATIENCE, self._release)

    def _release(self) -> None:
        kept = self.proxy.kept
        if kept is not None:
            self.proxy.kept = None
            kept[0].to_client(kept[1])


class ToAnother(Exchange):
    """Each answer goes to another client as well."""

    def from_server(self, data: bytes) -> None:
        self.to_client(data)
        others = [one for one in self.proxy.exchanges.values() if one is not self]
        if others:
            self.acts()
            others[-1].to_client(data)


class Delayed(Exchange):
    """Lawful: every datagram comes late."""

    def from_client(self, data: bytes) -> None:
        self.acts()
        self.proxy.loop.after(DELAY, lambda: self.to_server(data))

    def from_server(self, data: bytes) -> None:
        self.proxy.loop.after(DELAY, lambda: self.to_client(data))


def _is_closed(client: Any) -> bool:
    """Return whether no socket has this port any more; clients are on this machine."""
    family = socket.AF_INET6 if ":" in client[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind(client)
        except OSError:
            return False
    return True


def _socket(family: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setblocking(False)
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        sock.setsockopt(socket.SOL_SOCKET, option, 4 * ROOM)
    return sock
