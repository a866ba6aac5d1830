"""The scanner (``-z``): which ports take a connection, without sending a byte.

UDP has no connections: a port is open when it answers, closed when ICMP says so, and
otherwise nobody knows; that is said, and never called a success.
"""

from __future__ import annotations

import time

from ..core import exits
from ..core.address import Address
from ..core.config import Config
from ..core.errors import DialError
from ..core.events import AttemptFailed, Report, Scanned
from ..transports.stdio import Stdio
from .reach import connect

#: Seconds to wait for a UDP port's answer, unless -w says otherwise.
ANSWER = 2.0


def run(config: Config, _stdio: Stdio, report: Report) -> int:
    """Scan every port asked for; 0 when one of them is open (or may be, UDP).

    Raises DialError for a name that does not resolve.
    """
    assert config.address is not None
    if _may_go_together(config):
        from .sweep import Sweep

        return exits.OK if Sweep(config, report).run() else exits.NETWORK
    found = False
    for number, port in enumerate(config.ports):
        if number and config.interval is not None:
            time.sleep(config.interval)
        address = config.address._replace(service=port)
        state, at = _scan(config, address, report)
        report(Scanned(at, address.host, state))
        found = found or state != "closed"
    return exits.OK if found else exits.NETWORK


def _may_go_together(config: Config) -> bool:
    """Whether nothing asks for one port after the other; one alone needs no loop."""
    alone = config.interval is not None or config.proxies or config.ssl
    return not alone and (len(config.ports) > 1 or config.banner is not None)


def _scan(config: Config, address: Address, report: Report) -> tuple[str, Address]:
    try:
        with connect(config._replace(address=address), report) as conn:
            if conn.datagram:
                from ..transports.udp import probe

                return probe(conn, config.wait or ANSWER), conn.peer
            return "open", conn.peer
    except DialError as error:
        # Without an attempt there was no address: that is no closed port.
        if not error.attempts:
            raise
        tried, cause = error.attempts[-1]
        assert isinstance(tried, Address)
        if len(error.attempts) == 1:
            report(AttemptFailed(tried, cause, last=True))
        return "closed", tried
