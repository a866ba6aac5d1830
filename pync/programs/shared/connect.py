"""Connecting to a peer: a client dials, passes its proxies, secures the connection, and opens the
WebSocket, each only if configured.
"""

from __future__ import annotations

import time

from ...core.address import DATAGRAMS, Address
from ...core.errors import DialError
from ...core.events import AttemptFailed, Report
from ...core.typed import TYPE_CHECKING, NamedTuple
from ...transports import Options, dial
from ...transports.conn import Conn

if TYPE_CHECKING:
    from .entry import Entry
    from .via_proxies import Route


class DialSetup(NamedTuple):
    """The parameters of a connection to a peer.

    ``entry``: how the connection is prepared. ``route``: the proxies on the way. ``retry``: how
    often to try again when connecting fails, and the seconds between two tries.
    """

    address: Address
    options: Options = Options()
    entry: Entry | None = None
    route: Route | None = None
    retry: tuple[int, float] = (0, 0.0)


def connect(setup: DialSetup, report: Report) -> Conn:
    """Return a connection to the address of ``setup``, ready to use.

    Raises PyncError, UsageError.
    """
    if setup.entry is None:
        return _dial(setup, report)
    from .entry import welcome

    entry = setup.entry
    if entry.tls is None:
        conn = _dial(setup, report)
    else:
        securing = _securing(setup.address)
        # Before dialling: unreadable files and unknown TLS versions raise an error here.
        context = securing.client_context(entry.tls)
        conn = securing.secure(_dial(setup, report), context, entry.tls, setup.address.host, report)
    if entry.upgrade is not None:
        from .upgrading import upgrade

        conn = upgrade(conn, entry.upgrade, entry.at or setup.address)
    return welcome(conn, entry, report)


def _securing(address: Address):  # type: ignore[no-untyped-def]  # modules have no common type
    if address.scheme in DATAGRAMS:
        from . import dtls_securing

        return dtls_securing
    from . import securing

    return securing


def _dial(setup: DialSetup, report: Report) -> Conn:
    """Return a connection without TLS; with --retry, try again when dialling fails.

    Raises DialError, ProxyError.
    """
    times, pause = setup.retry
    for _ in range(times):
        try:
            return _dial_once(setup, report)
        except DialError as error:
            # A name that does not resolve now may do so later. (If there were several addresses,
            # each attempt has been reported already.)
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
