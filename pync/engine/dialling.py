"""A connection being made, in a loop that carries others too.

Every address of the name is tried: the next when one has failed, or has not answered for a
quarter of a second (RFC 8305 5), and the first that answers is the connection.
"""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable
from functools import partial

from ..core.address import Address
from ..core.errors import DialError, cause_of
from ..transports import Options
from ..transports.conn import TcpConn
from ..transports.internet import UNTELLING, Endpoint, address_of
from ..transports.tcp import begin_to_connect, check_connected, conn_of
from .loop import Scheduler, Timer
from .resolver import Found, Lookup, Resolver

#: Seconds before the next address is tried beside one that does not answer.
STAGGER = 0.25


class Dialling:
    """One dial.

    Arguments:
        loop: waits for it.
        resolver: looks the name up.
        address: host and port.
        options: how to dial; its time-out is for everything, and None is none.
        finished: is called once; ``conn`` or ``failure`` says how.
    """

    def __init__(
        self,
        loop: Scheduler,
        resolver: Resolver,
        address: Address,
        options: Options,
        finished: Callable[[Dialling], None],
    ) -> None:
        #: The connection, which is the caller's then.
        self.conn: TcpConn | None = None
        self.failure: DialError | None = None
        self._loop = loop
        self._resolver = resolver
        self._address = address
        self._options = options
        self._finished = finished
        self._lookup: Lookup | None = None
        self._untried: deque[Endpoint] = deque()
        self._trying: dict[socket.socket, Endpoint] = {}
        self._attempts: list[tuple[Address, str]] = []
        self._next: Timer | None = None
        self._timer: Timer | None = None
        self._over = False

    def start(self) -> None:
        """Begin; ``finished`` is called later, never from here."""
        if self._options.timeout is not None:
            self._timer = self._loop.call_later(self._options.timeout, self._time_out)
        found = self._loop.bound(self._found)
        self._lookup = self._resolver.look_up(self._address, self._options, found)

    def stop(self) -> None:
        """Give up; nobody is told. Idempotent."""
        self._over = True
        if self._lookup is not None:
            self._lookup.cancel()
        for timer in (self._next, self._timer):
            if timer is not None:
                timer.cancel()
        for sock in list(self._trying):
            self._forget(sock)
            sock.close()

    def _found(self, found: Found) -> None:
        if isinstance(found, DialError):
            self._fail(found)
        else:
            self._untried.extend(found)
            self._try_next()

    def _try_next(self) -> None:
        """Begin with the next address that does not fail at once."""
        if self._next is not None:
            self._next.cancel()
        while self._untried and not self._over:
            endpoint = self._untried.popleft()
            try:
                sock = begin_to_connect(endpoint, self._address, self._options)
            except OSError as error:
                self._note(endpoint, error)
                continue
            self._trying[sock] = endpoint
            self._loop.watch_writer(sock.fileno(), partial(self._settled, sock))
            if self._untried:
                self._next = self._loop.call_later(STAGGER, self._try_next)
            return
        if not self._trying and not self._over:
            self._fail(self._tried_all())

    def _settled(self, sock: socket.socket) -> None:
        endpoint = self._forget(sock)
        try:
            check_connected(sock, endpoint)
        except OSError as error:
            sock.close()
            self._note(endpoint, error)
            self._try_next()
            return
        self.stop()
        self.conn = conn_of(sock, self._address.scheme, endpoint)
        self._finished(self)

    def _forget(self, sock: socket.socket) -> Endpoint:
        self._loop.watch_writer(sock.fileno(), None)
        return self._trying.pop(sock)

    def _note(self, endpoint: Endpoint, error: OSError) -> None:
        self._attempts.append((address_of(self._address.scheme, endpoint.name), cause_of(error)))

    def _tried_all(self) -> DialError:
        telling = [one for one in self._attempts if one[1] not in UNTELLING] or self._attempts
        cause = telling[-1][1] if telling else "no address to try"
        return DialError("dial", self._address, cause, tuple(self._attempts))

    def _time_out(self) -> None:
        tried = [
            (address_of(self._address.scheme, one.name), "timed out")
            for one in self._trying.values()
        ]
        self._fail(DialError("dial", self._address, "timed out", (*self._attempts, *tried)))

    def _fail(self, error: DialError) -> None:
        self.stop()
        self.failure = error
        self._finished(self)
