"""The scanner (``-z``): which ports accept a connection, without sending a byte.

UDP has no connections: a port is open when it answers, closed after an ICMP error, and otherwise
its state is unknown; this is reported, and does not count as a success. A Unix socket is open
when connecting to it works.
"""

from __future__ import annotations

import time

from ...core import exits
from ...core.address import Address
from ...core.errors import DialError
from ...core.events import AttemptFailed, Event, Report, Scanned
from ...core.typed import NamedTuple
from ..shared.connect import DialSetup, connect

#: The default seconds to wait for a UDP port's answer (-w).
ANSWER = 2.0


class ScanSetup(NamedTuple):
    """The parameters of a scan.

    ``ports``: they replace the address's. ``retry``: how often to scan again when no port is open,
    and the seconds between two scans. ``interval``: seconds between two ports. ``answer``: seconds
    to wait for a UDP port's answer. ``banner``: seconds to wait for an open port's banner; None: do
    not wait.
    """

    dial: DialSetup
    ports: tuple[str, ...]
    retry: tuple[int, float] = (0, 0.0)
    interval: float | None = None
    answer: float = ANSWER
    banner: float | None = None


def run(setup: ScanSetup, report: Report) -> int:
    """Scan all ports; return 0 when one of them is open (or may be, UDP).

    With --retry, scan again until one is; only the last scan is reported.

    Raises DialError for a name that does not resolve.
    """
    times, pause = setup.retry
    for _ in range(times):
        if _scan_in_vain(setup, report):
            time.sleep(pause)
        else:
            return exits.OK
    return exits.OK if _scan_all(setup, report) else exits.NETWORK


def _scan_in_vain(setup: ScanSetup, report: Report) -> bool:
    """Scan once; return whether no port is open. If so, closed ports are not reported."""
    events: list[Event] = []
    try:
        found = _scan_all(setup, events.append)
    except DialError as error:
        # A name that does not resolve may do so later.
        report(AttemptFailed(setup.dial.address, error.cause))
        return True
    for event in events:
        if found or isinstance(event, AttemptFailed):
            report(event)
    return not found


def _scan_all(setup: ScanSetup, report: Report) -> bool:
    if _may_go_together(setup):
        from .sweep import Sweep

        return Sweep(setup.dial, setup.ports, setup.answer, setup.banner, report).run()
    found = False
    for number, port in enumerate(setup.ports):
        if number and setup.interval is not None:
            time.sleep(setup.interval)
        address = setup.dial.address._replace(service=port)
        state, at = _scan(setup, address, report)
        report(Scanned(at, address.host, state))
        found = found or state != "closed"
    return found


def _may_go_together(setup: ScanSetup) -> bool:
    """Return whether the ports may be scanned at once; a single port needs no loop."""
    dial = setup.dial
    # (A path has no ports.)
    alone = setup.interval is not None or dial.route or _is_secured(dial) or not setup.ports[0]
    return not alone and (len(setup.ports) > 1 or setup.banner is not None)


def _is_secured(dial: DialSetup) -> bool:
    return dial.entry is not None and dial.entry.tls is not None


def _scan(setup: ScanSetup, address: Address, report: Report) -> tuple[str, Address]:
    try:
        with connect(setup.dial._replace(address=address), report) as conn:
            # Connecting to a Unix datagram socket fails when no socket is bound to the path.
            if conn.datagram and not address.path:
                from ...transports.udp import probe

                return probe(conn, setup.answer), conn.peer
            return "open", conn.peer
    except DialError as error:
        if address.path:
            report(AttemptFailed(address, error.cause, last=True))
            return "closed", address
        # Without any attempt there was no address, so this is not a closed port.
        if not error.attempts:
            raise
        tried, cause = error.attempts[-1]
        assert isinstance(tried, Address)
        if len(error.attempts) == 1:
            report(AttemptFailed(tried, cause, last=True))
        return "closed", tried
