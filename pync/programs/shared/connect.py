"""Reaching a peer: a client dials, goes through its proxies, then secures the connection."""

# No postponed annotations: NamedTuple compiles each as text (typing.ForwardRef) at every start.

import time
from typing import TYPE_CHECKING, NamedTuple

from ...core.address import Address
from ...core.errors import DialError
from ...core.events import AttemptFailed, Report
from ...transports import Options, dial
from ...transports.conn import Conn

if TYPE_CHECKING:
    from .entry import Entry
    from .via_proxies import Route


class DialSetup(NamedTuple):
    """How to reach a peer.

    ``entry``: what is done with the connection. ``route``: the proxies on the way. ``retry``: how
    often to try again when nobody answers, and the seconds between.
    """

    address: Address
    options: Options = Options()
    entry: "Entry | None" = None
    route: "Route | None" = None
    retry: tuple[int, float] = (0, 0.0)


def connect(setup: DialSetup, report: Report) -> Conn:
    """Return a connection to the address asked for, ready to talk over.

    Raises PyncError, UsageError.
    """
    if setup.entry is None:
        return _dial(setup, report)
    from .entry import welcome

    tls = setup.entry.tls
    if tls is None:
        return welcome(_dial(setup, report), setup.entry, report)
    from . import securing

    # Before anybody is bothered: files that cannot be read, versions that are none.
    context = securing.client_context(tls)
    conn = securing.secure(_dial(setup, report), context, tls, setup.address.host, report)
    return welcome(conn, setup.entry, report)


def _dial(setup: DialSetup, report: Report) -> Conn:
    """Return a connection, plain; with --retry again and again, if nobody answers.

    Raises DialError, ProxyError.
    """
    times, pause = setup.retry
    for _ in range(times):
        try:
            return _dial_once(setup, report)
        except DialError as error:
            # A name that does not resolve may do so later, too. (Of several addresses
            # each has been reported already.)
            if len(error.attempts) <= 1:
                report(AttemptFailed(setup.address, error.cause))
            time.sleep(pause)
    return _dial_once(setup, report)


def _dial_once(setup: DialSetup, report: Report) -> Conn:
    options = setup.options._replace(report=report)
    if setup.route is None:
        return dial(setup.address, options)
    from .via_proxies import dial_through

    return dial_through(setup.address, setup.route, options)
