"""Events that a user may want to know; each dialect has its own messages for them.

Programs report events; cli.py prints the dialect's message for each on stderr.
"""

from __future__ import annotations

from .address import Address
from .typed import TYPE_CHECKING, Callable, NamedTuple

if TYPE_CHECKING:
    from .pings import Pinged, PingsDone


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


class Connected(NamedTuple):
    """A connection was made; ``asked`` is the host as typed.

    ``lookup``, ``connect``, ``handshake``: milliseconds that each took; None: there was none.
    """

    peer: Address
    asked: str
    lookup: float | None = None
    connect: float | None = None
    handshake: float | None = None


class PeerProcess(NamedTuple):
    """The process at the other end of a named pipe."""

    peer: Address
    process: int


class Trying(NamedTuple):
    """An address is about to be dialled."""

    address: Address


class Told(NamedTuple):
    """A line of a program's own dialogue with its user; an error goes to stderr."""

    text: str
    is_error: bool = False


class LineCut(NamedTuple):
    """A typed line fills the terminal's buffer: the text after ``size`` bytes is lost."""

    size: int


class AttemptFailed(NamedTuple):
    """One address of several, or one port of several, could not be reached.

    ``last``: no other address is left to try.
    """

    address: Address
    cause: str
    last: bool = False


class Scanned(NamedTuple):
    """A port was scanned: ``open``, ``closed`` or ``open|filtered`` (no answer, UDP).

    ``banner``: its first bytes, with --banner.
    """

    address: Address
    asked: str
    state: str
    banner: bytes = b""


class PeerEnded(NamedTuple):
    """The peer ended the connection."""

    peer: Address


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


class Finished(NamedTuple):
    """A connection is over: the bytes moved, and the duration (seconds)."""

    peer: Address
    sent: int
    received: int
    seconds: float


class Progressed(NamedTuple):
    """The bytes moved in each direction so far; ``total``: the bytes to send, if known."""

    sent: int
    received: int
    total: int | None


class Failed(NamedTuple):
    """One client's connection failed; the program continues."""

    error: Exception


if TYPE_CHECKING:
    Event = (
        Bound
        | Listening
        | PortTold
        | Accepted
        | Connected
        | PeerProcess
        | Trying
        | Told
        | LineCut
        | AttemptFailed
        | Scanned
        | Pinged
        | PingsDone
        | PeerEnded
        | Exposed
        | Secured
        | Upgraded
        | WebsocketClosed
        | Unverified
        | Denied
        | Proxied
        | Dialled
        | Closed
        | Held
        | Counted
        | WorkerLost
        | Reloaded
        | Dropped
        | Finished
        | Progressed
        | Failed
    )
else:
    Event = tuple  # a union of so many classes takes time, and is only for type checkers

Report = Callable[[Event], None]


def silent(_event: Event) -> None:
    """Ignore an event."""
