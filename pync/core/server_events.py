"""The events of listeners, of relays and their clients, and of connections with a handshake.

Most starts of a client load none of them (see events.py).
"""

from __future__ import annotations

from .address import Address
from .typed import NamedTuple


class Listening(NamedTuple):
    """A listener is bound and accepts connections (for datagrams: is bound)."""

    address: Address


class Bound(NamedTuple):
    """A client's socket was bound to a path, so that it can receive answers."""

    address: Address


class PortTold(NamedTuple):
    """The listener's port, for the program that started us (--report-port=-)."""

    port: str


class Accepted(NamedTuple):
    """A peer has connected, or a first datagram has come.

    ``local``: the address of ours that it has connected to, if known. ``handshake``: milliseconds
    that TLS took, if it is used.
    """

    peer: Address
    local: Address | None = None
    handshake: float | None = None


class PeerProcess(NamedTuple):
    """The process at the other end of a named pipe."""

    peer: Address
    process: int


class Secured(NamedTuple):
    """A connection is secured by TLS.

    ``fingerprint``: SHA-256 of the peer's certificate. With -v and --json, also its ``subject``,
    its ``issuer`` and the end of its validity (``expires``).
    """

    peer: Address
    version: str
    cipher: str
    protocol: str = ""
    fingerprint: str = ""
    subject: str = ""
    issuer: str = ""
    expires: str = ""


class Upgraded(NamedTuple):
    """A WebSocket is open. ``target``: the requested path and query."""

    peer: Address
    target: str
    subprotocol: str
    deflate: bool


class WebsocketClosed(NamedTuple):
    """A WebSocket was closed, with a code and a reason; 1006: without a Close frame."""

    peer: Address
    code: int
    reason: str


class Unverified(NamedTuple):
    """A server's certificate was not verified, so its identity is unknown."""

    peer: Address


class Exposed(NamedTuple):
    """A listener can be reached from other machines; ``offered``: what they can do there."""

    address: Address
    offered: str = "run the command"


class Denied(NamedTuple):
    """A peer was refused before a byte of it was read."""

    peer: Address
    cause: str


class Proxied(NamedTuple):
    """A client of a proxy server was connected to its target."""

    peer: Address
    target: Address


class Dialled(NamedTuple):
    """A relay's client was joined to its target.

    ``lookup``, ``connect``, ``handshake``: the milliseconds of each step; None: no such step.
    """

    peer: Address
    target: Address
    lookup: float | None
    connect: float | None
    handshake: float | None


class Closed(NamedTuple):
    """A relay's client has ended: the bytes moved, how each side ended, the duration (seconds).

    An end is ``end`` (FIN), ``reset``, ``open`` (the side had not ended) or another cause.
    """

    peer: Address
    target: Address
    sent: int
    received: int
    peer_end: str
    target_end: str
    seconds: float


class Held(NamedTuple):
    """A current client of a relay, on request (SIGUSR1).

    ``worker``: the process that serves it, if there are several (--workers).
    """

    peer: Address
    target: Address | None
    sent: int
    received: int
    seconds: float
    worker: int | None = None


class Counted(NamedTuple):
    """The number of current clients; an event for each of them comes before."""

    clients: int
    worker: int | None = None


class WorkerLost(NamedTuple):
    """One of several processes that share a port has ended; another one replaces it."""

    worker: int
    cause: str


class Reloaded(NamedTuple):
    """Access lists and certificates were read again (SIGHUP)."""


class Dropped(NamedTuple):
    """A client of a proxy server was closed before its end, for this cause."""

    peer: Address
    cause: str


class Failed(NamedTuple):
    """One client's connection failed; the program continues."""

    error: Exception
