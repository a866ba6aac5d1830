"""What happens that a person may want to be told of; each dialect has its own words.

Programs report these; cli.py prints what the dialect says of them, on stderr.
"""

# No postponed annotations: NamedTuple compiles each as text (typing.ForwardRef) at every start.

from collections.abc import Callable
from typing import NamedTuple, Union

from .address import Address


class Listening(NamedTuple):
    """A listener is bound and takes connections (for datagrams: is bound)."""

    address: Address


class Bound(NamedTuple):
    """A client's socket was bound to a path, at which it can be answered."""

    address: Address


class PortTold(NamedTuple):
    """The port that is listened on, for who started us (--report-port=-)."""

    port: str


class Accepted(NamedTuple):
    """A peer has connected, or a first datagram has come.

    ``local``: which of our addresses it has called, where that is told.
    """

    peer: Address
    local: Address | None = None


class Connected(NamedTuple):
    """A connection has been made; ``asked`` is the host as it was typed."""

    peer: Address
    asked: str


class PeerProcess(NamedTuple):
    """The process at the other end of a named pipe."""

    peer: Address
    process: int


class Trying(NamedTuple):
    """An address is about to be dialled."""

    address: Address


class Told(NamedTuple):
    """A line of a program's own conversation with its user; an error goes to stderr."""

    text: str
    is_error: bool = False


class LineCut(NamedTuple):
    """A typed line fills the terminal's buffer: what was typed after ``size`` bytes is lost."""

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

    ``banner``: what it said first, if that was asked for.
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

    ``fingerprint``: SHA-256 of the peer's certificate. With -v and --json, also whose it is
    (``subject``), who signed it (``issuer``) and until when it is valid (``expires``).
    """

    peer: Address
    version: str
    cipher: str
    protocol: str = ""
    fingerprint: str = ""
    subject: str = ""
    issuer: str = ""
    expires: str = ""


class Unverified(NamedTuple):
    """A server's certificate was not verified: it may be anybody."""

    peer: Address


class Exposed(NamedTuple):
    """A listener can be reached from other machines; ``offered``: what they can do there."""

    address: Address
    offered: str = "run the command"


class Denied(NamedTuple):
    """A peer was turned away before a byte of it was read."""

    peer: Address
    cause: str


class Proxied(NamedTuple):
    """A client of a proxy server was connected to where it asked to go."""

    peer: Address
    target: Address


class Dialled(NamedTuple):
    """A relay's client was joined to its target.

    ``lookup``, ``connect``, ``handshake``: milliseconds that each took; None: there was none.
    """

    peer: Address
    target: Address
    lookup: float | None
    connect: float | None
    handshake: float | None


class Closed(NamedTuple):
    """A relay's client is gone: what moved, how each side ended, how long it took (seconds).

    An end is ``end`` (FIN), ``reset``, ``open`` (it had not ended) or another cause.
    """

    peer: Address
    target: Address
    sent: int
    received: int
    peer_end: str
    target_end: str
    seconds: float


class Held(NamedTuple):
    """A relay's client that is inside now, on request (SIGUSR1).

    ``worker``: the process that has it, if there are several (--workers).
    """

    peer: Address
    target: Address | None
    sent: int
    received: int
    seconds: float
    worker: int | None = None


class Counted(NamedTuple):
    """So many clients are inside now; an event for each of them precedes."""

    clients: int
    worker: int | None = None


class WorkerLost(NamedTuple):
    """A process of several that share a port has ended, and another one takes its place."""

    worker: int
    cause: str


class Reloaded(NamedTuple):
    """Access lists and certificates were read again (SIGHUP)."""


class Dropped(NamedTuple):
    """A client of a proxy server was let go before its end: what was wrong."""

    peer: Address
    cause: str


class Finished(NamedTuple):
    """A connection is over: what moved, and how long it took (seconds)."""

    peer: Address
    sent: int
    received: int
    seconds: float


class Progressed(NamedTuple):
    """So many bytes have gone each way by now; ``total`` are to be sent, if that is known."""

    sent: int
    received: int
    total: int | None


class Failed(NamedTuple):
    """One client's connection failed; the program goes on with the next."""

    error: Exception


Event = Union[
    Bound,
    Listening,
    PortTold,
    Accepted,
    Connected,
    PeerProcess,
    Trying,
    Told,
    LineCut,
    AttemptFailed,
    Scanned,
    PeerEnded,
    Exposed,
    Secured,
    Unverified,
    Denied,
    Proxied,
    Dialled,
    Closed,
    Held,
    Counted,
    WorkerLost,
    Reloaded,
    Dropped,
    Finished,
    Progressed,
    Failed,
]
Report = Callable[[Event], None]


def silent(_event: Event) -> None:
    """Tell nobody."""
