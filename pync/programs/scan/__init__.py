"""The scanner (``-z``): which ports take a connection, without sending a byte.

UDP has no connections: a port is open when it answers, closed when ICMP says so, and
otherwise nobody knows; that is said, and never called a success. A Unix socket is open
when it can be connected to.
"""

from __future__ import annotations

import time

from ...core import exits
from ...core.address import Address
from ...core.config import Config
from ...core.errors import DialError
from ...core.events import AttemptFailed, Event, Report, Scanned
from ...transports.stdio import Stdio
from ..shared.connect import connect

#: Seconds to wait for a UDP port's answer, unless -w says otherwise.
ANSWER = 2.0


def run(config: Config, _stdio: Stdio, report: Report) -> int:
    """Scan every port asked for; 0 when one of them is open (or may be, UDP).

    With --retry again and again until that is so; what is reported is the last scan.

    Raises DialError for a name that does not resolve.
    """
    times, pause = config.retry or (0, 0.0)
    for _ in range(times):
        if _scan_in_vain(config, report):
            time.sleep(pause)
        else:
            return exits.OK
    return exits.OK if _scan_all(config, report) else exits.NETWORK


def _scan_in_vain(config: Config, report: Report) -> bool:
    """Scan once; what was closed is reported only if another port is open."""
    assert config.address is not None
    events: list[Event] = []
    try:
        found = _scan_all(config, events.append)
    except DialError as error:
        # A name that does not resolve may do so later.
        report(AttemptFailed(config.address, error.cause))
        return True
    for event in events:
        if found or isinstance(event, AttemptFailed):
            report(event)
    return not found


def _scan_all(config: Config, report: Report) -> bool:
    assert config.address is not None
    if _may_go_together(config):
        from .sweep import Sweep

        return Sweep(config, report).run()
    found = False
    for number, port in enumerate(config.ports):
        if number and config.interval is not None:
            time.sleep(config.interval)
        address = config.address._replace(service=port)
        state, at = _scan(config, address, report)
        report(Scanned(at, address.host, state))
        found = found or state != "closed"
    return found


def _may_go_together(config: Config) -> bool:
    """Whether nothing asks for one port after the other; one alone needs no loop."""
    # (A path has no ports.)
    alone = config.interval is not None or config.proxies or config.ssl or not config.ports[0]
    return not alone and (len(config.ports) > 1 or config.banner is not None)


def _scan(config: Config, address: Address, report: Report) -> tuple[str, Address]:
    try:
        # The retries are run()'s.
        with connect(config._replace(address=address, retry=None), report) as conn:
            # Connecting to a Unix datagram socket fails when none is bound to the path.
            if conn.datagram and not address.path:
                from ...transports.udp import probe

                return probe(conn, config.wait or ANSWER), conn.peer
            return "open", conn.peer
    except DialError as error:
        if address.path:
            report(AttemptFailed(address, error.cause, last=True))
            return "closed", address
        # Without an attempt there was no address: this is not a closed port.
        if not error.attempts:
            raise
        tried, cause = error.attempts[-1]
        assert isinstance(tried, Address)
        if len(error.attempts) == 1:
            report(AttemptFailed(tried, cause, last=True))
        return "closed", tried
