"""The library's face: dial, listen and relay, with addresses as text."""

from __future__ import annotations

from .core.address import parse
from .core.config import Endings
from .core.errors import UsageError
from .engine.relay import relay as _relay
from .engine.tuning import Moved
from .transports import Options
from .transports import dial as _dial
from .transports import listen as _listen
from .transports.conn import Conn, Listener


def dial(address: str, *, timeout: float | None = None, source: str | None = None) -> Conn:
    """Connect to an address, trying all that its name has.

    Arguments:
        address: ``tcp://HOST:PORT``, ``udp://HOST:PORT``, ``unix:PATH``, ``unixgram:PATH``.
        timeout: seconds for the connection to be made; None: as the system has it.
        source: the local address to connect from.
    Returns a connection; it has ``send_eof`` if it can be half-closed.
    Raises DialError, or UsageError for an address that makes no sense.
    """
    where = parse(address)
    if not (where.host or where.path):
        raise UsageError(f"{address} has no host to connect to")
    return _dial(where, Options(timeout=timeout, source=source))


def listen(address: str) -> Listener:
    """Listen on an address; port 0 is any free one (see ``listener.address``).

    Arguments:
        address: as for dial; an empty host is every address of the machine.
    Raises ListenError, or UsageError for an address that makes no sense.
    """
    return _listen(parse(address))


def relay(a: Conn, b: Conn, *, idle: float | None = None) -> Moved:
    """Move bytes between two connections, both ways, until both directions have ended.

    EOF is passed on where the other side can be half-closed.

    Arguments:
        a: one connection; both stay open.
        b: the other.
        idle: seconds without a byte after which to give up; None: never.
    Returns the bytes moved from ``a`` to ``b`` and back. Raises RelayError.
    """
    return _relay(a, b, Endings(on_peer_end="stay", idle=idle))
