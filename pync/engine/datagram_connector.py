"""Making a datagram socket for an address, in a loop that serves others too; see Connector.

Looking up a name may take long. The next step does not: connect(2) of a datagram socket only
records the peer's address and looks up the route.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from ..core.address import Address
from ..core.errors import DialError
from ..core.typed import TYPE_CHECKING
from ..transports import Options, dial
from ..transports.datagram import DatagramConn
from ..transports.internet import address_of, telling_cause
from .loop import Scheduler, Timer
from .resolver import Lookup, Resolver

if TYPE_CHECKING:
    from .resolver import Found


class DatagramConnector:
    """One attempt to connect.

    Arguments:
        loop: runs the timers.
        resolver: looks the name up.
        address: host and port, or a path.
        options: how to dial.
        finished: called once at the end, perhaps by start(); ``conn`` or ``failure`` is set then.
    """

    def __init__(
        self,
        loop: Scheduler,
        resolver: Resolver,
        address: Address,
        options: Options,
        finished: Callable[[DatagramConnector], None],
    ) -> None:
        #: The connection. The caller owns it.
        self.conn: DatagramConn | None = None
        self.failure: DialError | None = None
        #: Seconds that the name lookup took; None if there was no name to look up.
        self.lookup_seconds: float | None = None
        self._loop = loop
        self._resolver = resolver
        self._address = address
        self._options = options
        self._finished = finished
        self._lookup: Lookup | None = None
        self._timer: Timer | None = None
        self._began = time.monotonic()

    def start(self) -> None:
        """Start the attempt."""
        address = self._address
        if address.path or "%" in address.host:
            # (dial() finds the interface of a zone, also in a multicast group's address.)
            self._dial([address])
            return
        known = self._resolver.known(address, self._options)
        if known is not None:
            self._known(known)
            return
        if self._options.timeout is not None:
            self._timer = self._loop.call_later(self._options.timeout, self._not_found)
        found = self._loop.bound(self._found)
        self._lookup = self._resolver.look_up(address, self._options, found)

    def stop(self) -> None:
        """Abandon the attempt without calling a callback. Idempotent."""
        if self._lookup is not None:
            self._lookup.cancel()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _not_found(self) -> None:
        self.stop()
        self.failure = DialError("dial", self._address, "timed out")
        self._finished(self)

    def _found(self, found: Found) -> None:
        self.stop()
        self.lookup_seconds = time.monotonic() - self._began
        self._known(found)

    def _known(self, found: Found) -> None:
        if isinstance(found, DialError):
            self.failure = found
            self._finished(self)
        else:
            self._dial([address_of(self._address.scheme, one.name) for one in found])

    def _dial(self, addresses: list[Address]) -> None:
        attempts: list[tuple[Address, str]] = []
        for address in addresses:
            try:
                conn = dial(address, self._options)
            except DialError as error:
                attempts.append((address, error.cause))
                self.failure = DialError("dial", self._address, telling_cause(attempts))
                continue
            assert isinstance(conn, DatagramConn)
            self.conn = conn
            self.failure = None
            break
        self._finished(self)
