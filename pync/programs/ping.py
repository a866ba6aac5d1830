"""Measure how long connecting takes (``--ping``), repeatedly: a line for each attempt, a summary.

A name is looked up until an attempt connects; later attempts go to the same address. A refusal is
an answer of the host, but not a connection; refusals are counted separately.
"""

from __future__ import annotations

import time

from ..core import exits
from ..core.address import Address
from ..core.errors import DialError, ProxyError, Terminated, TlsError, UnresolvedError
from ..core.events import Event, Report
from ..core.pings import Pinged, PingsDone, statistics
from ..core.server_events import Unverified
from ..core.times import Times
from ..core.typed import NamedTuple
from ..transports import load
from ..transports.conn import Conn
from .shared.connect import DialSetup, connect

#: The defaults: seconds from one attempt to the next, and the time limit of each. (A lost SYN is
#: sent again after a second, so such an attempt takes more than a second.)
INTERVAL = 1.0
TIMEOUT = 5.0

#: The cause of ECONNREFUSED, as core/errors.py words it.
REFUSED = "connection refused"


class PingSetup(NamedTuple):
    """How to connect, how many ``times`` (None: until a signal), and the seconds in between."""

    dial: DialSetup
    times: int | None = None
    interval: float = INTERVAL


def run(setup: PingSetup, report: Report) -> int:
    """Connect repeatedly, and report; return 0 if one attempt has succeeded.

    ^C is a normal end; another signal is raised again after the summary.

    Raises UnresolvedError if the name is not found before an attempt connects; UsageError,
    Terminated.
    """
    load(setup.dial.address)
    pings = _Pings(setup, report)
    try:
        pings.run()
    except KeyboardInterrupt:
        pass
    except Terminated:
        pings.conclude()
        raise
    pings.conclude()
    return exits.OK if pings.times else exits.NETWORK


class _Pings:
    def __init__(self, setup: PingSetup, report: Report) -> None:
        #: Milliseconds of the attempts that have connected.
        self.times: list[float] = []
        self._setup = setup
        self._dial = setup.dial
        self._report = report
        self._asked = setup.dial.address
        self._sent = self._refused = 0
        self._warned = False

    def run(self) -> None:
        """Make all attempts, unless a signal ends this."""
        began = time.monotonic()
        while True:
            self._attempt()
            if self._sent == self._setup.times:
                return
            # Use fixed times: the duration of an attempt does not delay the next one.
            at = began + self._sent * self._setup.interval
            time.sleep(max(0.0, at - time.monotonic()))

    def conclude(self) -> None:
        """Report the summary."""
        lost = self._sent - len(self.times) - self._refused
        loss = round(100 * lost / self._sent, 1) if self._sent else 0.0
        counts = self._sent, len(self.times), self._refused, lost, loss
        self._report(
            PingsDone(self._dial.address, self._asked.host, *counts, *statistics(self.times))
        )

    def _attempt(self) -> None:
        began = time.perf_counter()
        try:
            conn = connect(self._dial, self._told)
        except (DialError, ProxyError, TlsError) as error:
            if not self.times and self._is_hopeless(error):
                raise
            self._missed(error, time.perf_counter() - began)
        else:
            with conn:
                self._connected(conn)

    def _is_hopeless(self, error: Exception) -> bool:
        """Return whether there is nothing to connect to: the name or service is not known."""
        if isinstance(error, UnresolvedError):
            return True
        nowhere = isinstance(error, DialError) and not error.attempts
        return nowhere and not self._asked.path and self._dial.route is None

    def _missed(self, error: DialError | ProxyError | TlsError, took: float) -> None:
        by_proxy, tls = self._dial.route is not None, self._is_secured()
        # With a proxy, a DialError is the proxy's own refusal, not the host's; a proxy that the
        # host has refused reports that (ProxyError).
        is_refused = error.cause.endswith(REFUSED) and isinstance(error, ProxyError) == by_proxy
        # With a proxy or TLS, the time contains more than the host's answer.
        times = Times(connect=None if by_proxy or tls else took)
        self._refused += is_refused
        by_whom = "proxy: " if by_proxy and isinstance(error, DialError) else ""
        state = "refused" if is_refused else "failed"
        self._tell(state, f"{by_whom}{error.cause}", times, self._dial.address)

    def _is_secured(self) -> bool:
        entry = self._dial.entry
        return entry is not None and entry.tls is not None

    def _connected(self, conn: Conn) -> None:
        self._tell("connected", "", conn.times, conn.peer)
        self.times.append((conn.times.connect or 0.0) * 1000)
        if conn.peer.host and self._dial.route is None:
            self._stay_with(conn.peer.host)

    def _stay_with(self, host: str) -> None:
        """Use this address from now on; the server's certificate must still have the name."""
        entry = self._dial.entry
        if entry is not None and entry.tls is not None and entry.tls.server_name is None:
            named = entry.tls._replace(server_name=self._asked.host)
            self._dial = self._dial._replace(entry=entry._replace(tls=named))
        self._dial = self._dial._replace(address=self._dial.address._replace(host=host))

    def _told(self, event: Event) -> None:
        # Report no other event of the connections, and this one only once.
        if isinstance(event, Unverified) and not self._warned:
            self._warned = True
            self._report(event)

    def _tell(self, state: str, cause: str, times: Times, address: Address) -> None:
        self._sent += 1
        told = times.in_milliseconds()
        self._report(Pinged(address, self._asked.host, self._sent, state, cause, *told))
