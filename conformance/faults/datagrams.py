"""The proxy for datagrams: each client's come to the server from a port of their own.

An answer is one datagram. What is changed in streams is changed here too; what only datagrams can
do stands below.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

from ..targets.address import Address, endpoints
from .lawful import DELAY
from .loop import READABLE, Loop

#: Bytes of a buffer that takes any datagram.
ROOM = 65_536

#: Seconds that an answer is kept for another client's.
_PATIENCE = 0.05


class DatagramProxy:
    """Datagrams to ``address`` go to the server at ``upstream``, and its answers back.

    Arguments: as those of a StreamProxy.
    """

    def __init__(self, upstream: Address, entrance: Address, make: type[Exchange]) -> None:
        self.upstream = upstream
        #: How often the fault has changed what a side sees.
        self.acted = 0
        self.loop = Loop()
        self.exchanges: dict[Any, Exchange] = {}
        #: An answer that is kept for another client's.
        self.kept: tuple[Exchange, bytes] | None = None
        self._make = make
        family = socket.AF_INET6 if ":" in entrance.host else socket.AF_INET
        self.sock = _socket(family)
        self.sock.bind((entrance.host, 0))
        self.address = entrance._replace(port=self.sock.getsockname()[1])
        self.loop.watch(self.sock, READABLE, lambda _: self._receive())
        self.loop.start()

    def shown(self, _unread: Collection[object], _resets: bool) -> int:
        """How often it has changed something that a client could have seen by now."""
        return self.acted

    def lead_to(self, upstream: Address) -> None:
        """Datagrams go to another server from now on."""

        def lead() -> None:
            self.upstream = upstream
            self._forget()

        self.loop.call(lead)

    def look_for_clients(self) -> None:
        """Close our own port for each client that has closed its port."""
        for exchange in list(self.exchanges.values()):
            exchange.look_for_client()

    def close(self) -> None:
        """Close everything."""
        self.loop.stop()
        self._forget()
        self.sock.close()

    def _forget(self) -> None:
        for exchange in self.exchanges.values():
            self.loop.unwatch(exchange.sock)
            exchange.sock.close()
        self.exchanges.clear()

    def _receive(self) -> None:
        with suppress(OSError):  # the client is gone, or the server
            data, client = self.sock.recvfrom(ROOM)
            if client not in self.exchanges:
                self.exchanges[client] = self._make(self, client)
            self.exchanges[client].from_client(data)


class Exchange:
    """What one port of a client and the server send each other: passed on as it comes."""

    def __init__(self, proxy: DatagramProxy, client: Any) -> None:
        self.proxy = proxy
        self.client = client
        family, name = endpoints(proxy.upstream)[0]
        self.sock = _socket(family)
        self.sock.connect(name)
        proxy.loop.watch(self.sock, READABLE, lambda _: self._receive())

    def from_client(self, data: bytes) -> None:
        """A datagram for the server."""
        self.to_server(data)

    def from_server(self, data: bytes) -> None:
        """A datagram from the server."""
        self.to_client(data)

    def look_for_client(self) -> None:
        """Give up the port if the client has closed its own.

        What the server then sends to it is answered by "unreachable" (RFC 1122 4.1.3.1).
        """
        known = self.proxy.exchanges
        if known.get(self.client) is self and _is_closed(self.client):
            del known[self.client]
            self.proxy.loop.unwatch(self.sock)
            self.sock.close()

    def to_server(self, data: bytes) -> None:
        """Pass one on."""
        with suppress(OSError):
            self.sock.send(data)

    def to_client(self, data: bytes, sock: socket.socket | None = None) -> None:
        """Pass one on, from the port that the client has sent to or from another socket."""
        with suppress(OSError):
            (sock or self.proxy.sock).sendto(data, self.client)

    def acts(self) -> None:
        """The fault has changed something that a side can see."""
        self.proxy.acted += 1

    def _receive(self) -> None:
        try:
            data = self.sock.recv(ROOM)
        except OSError:
            return  # "unreachable" is told to a socket that is connected
        self.from_server(data)


def changed_datagram(change: Callable[[bytes], bytes]) -> type[Exchange]:
    """The fault that does this to every answer; what is nothing then is lost."""

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
    """An empty datagram is not answered: b"" was taken for an end."""

    def from_server(self, data: bytes) -> None:
        if data:
            self.to_client(data)
        else:
            self.acts()


class OtherPort(Exchange):
    """Answers come from another port than the one that was asked."""

    def from_server(self, data: bytes) -> None:
        self.acts()
        with _socket(self.proxy.sock.family) as other:
            other.bind((self.proxy.address.host, 0))
            self.to_client(data, other)


class Swapped(Exchange):
    """The answers of two clients that ask at the same time change places."""

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
    """Whether nobody has this port any more; clients are on this machine."""
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
