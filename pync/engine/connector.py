"""Connecting inside a loop that serves other connections too; drives transports/connecting.py."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

from ..core.address import Address
from ..core.deadline import Deadline
from ..core.errors import DialError
from ..core.events import silent
from ..core.typed import TYPE_CHECKING
from ..transports import Options, everyone
from ..transports.conn import TcpConn
from ..transports.connecting import Connecting, begin
from ..transports.internet import Endpoint, address_of
from .loop import Scheduler, Timer
from .resolver import Lookup, Resolver

if TYPE_CHECKING:
    from .resolver import Found


class Connector:
    """One attempt to connect.

    Arguments:
        loop: watches the sockets.
        resolver: looks the name up.
        address: host and port.
        options: how to dial; its time-out covers the whole attempt (None: no limit). Only
            addresses that it ``admits`` are tried.
        finished: called once at the end; either ``conn`` or ``failure`` is set then.
        client: the client that the name is looked up for; clients take turns.
        admits: returns whether an address may be tried; None: the function of ``options`` does.
    """

    def __init__(
        self,
        loop: Scheduler,
        resolver: Resolver,
        address: Address,
        options: Options,
        finished: Callable[[Connector], None],
        client: str | None = None,
        admits: Callable[[Address], bool] | None = None,
    ) -> None:
        #: The connection, non-blocking. The caller owns it.
        self.conn: TcpConn | None = None
        self.failure: DialError | None = None
        #: Seconds that the name lookup took.
        self.lookup_seconds = 0.0
        self._began = time.monotonic()
        self._loop = loop
        self._resolver = resolver
        self._address = address
        self._options = options
        self._finished = finished
        self._deadline = Deadline(options.timeout)
        self._lookup: Lookup | None = None
        self._connecting: Connecting | None = None
        self._client = client
        self._admits = options.admits if admits is None else admits
        self._timer: Timer | None = None
        self._starts = True

    def start(self) -> None:
        """Start connecting; a connection made at once calls ``finished`` before this returns."""
        found = self._resolver.known(self._address, self._options)
        if found is None:
            self._look_up()
        else:
            self._found(found)
        self._starts = False

    def _look_up(self) -> None:
        options = self._options
        if options.timeout is not None:
            self._timer = self._loop.call_later(options.timeout, self._not_found)
        if self._client is not None:
            options = options._replace(client=self._client)
        found = self._loop.bound(self._found)
        self._lookup = self._resolver.look_up(self._address, options, found)

    def stop(self) -> None:
        """Abandon the attempt without calling a callback. Idempotent."""
        if self._lookup is not None:
            self._lookup.cancel()
        if self._timer is not None:
            self._timer.cancel()
        if self._connecting is not None:
            self._connecting.close()
            # Break the reference cycle now, not in the garbage collector.
            self._connecting = None

    def _not_found(self) -> None:
        self._fail(DialError("dial", self._address, "timed out"))

    def _found(self, found: Found) -> None:
        self.lookup_seconds = time.monotonic() - self._began
        if isinstance(found, DialError):
            self._fail(found)
            return
        endpoints = self._admitted(found)
        if not endpoints:
            self._fail(DialError("dial", self._address, "not allowed"))
            return
        begun = None
        if len(endpoints) == 1 and self._options.report is silent:
            # Usual in a server: there is one address, and no attempt is reported. Connecting, which
            # tries several addresses and reports them, is only needed if this takes time or fails.
            begun = begin(endpoints[0], self._address, self._options)
            if isinstance(begun, TcpConn):
                self._reached(begun)
                return
        remaining = self._deadline.remaining
        self._connecting = Connecting(
            self._address, endpoints, self._options, remaining, self._watch, begun
        )
        self._proceed()

    def _admitted(self, endpoints: Sequence[Endpoint]) -> Sequence[Endpoint]:
        admits, scheme = self._admits, self._address.scheme
        if admits is everyone:
            return endpoints
        return [one for one in endpoints if admits(address_of(scheme, one.name))]

    def _watch(self, descriptor: int, wanted: bool) -> None:
        settled = partial(self._settled, descriptor) if wanted else None
        self._loop.watch_writer(descriptor, settled)

    def _settled(self, descriptor: int) -> None:
        assert self._connecting is not None
        self._connecting.settled(descriptor)
        self._proceed()

    def _proceed(self) -> None:
        connecting = self._connecting
        assert connecting is not None
        if self._timer is not None:
            self._timer.cancel()
        if connecting.conn is None:
            connecting.proceed()
        if connecting.conn is not None:
            self._reached(connecting.conn)
        elif connecting.failure is not None:
            self._fail(connecting.failure)
        elif (seconds := connecting.seconds()) is not None:
            self._timer = self._loop.call_later(seconds, self._proceed)

    def _reached(self, conn: TcpConn) -> None:
        self.conn = conn
        self.stop()
        self._finished(self)

    def _fail(self, error: DialError) -> None:
        self.stop()
        self.failure = error
        if self._starts:
            # Not at once: one client may have asked for very many connections that fail.
            self._timer = self._loop.call_later(0, lambda: self._finished(self))
        else:
            self._finished(self)
