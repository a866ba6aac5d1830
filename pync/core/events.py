"""Events that a user may want to know; each dialect has its own messages for them.

Programs report events; cli.py prints the dialect's message for each on stderr. The events of
listeners, of relays and of secured connections are in server_events.py: a client needs none of
them, and each class costs its start 0.1 million instructions.
"""

from __future__ import annotations

from .address import Address
from .typed import TYPE_CHECKING, Callable, NamedTuple

if TYPE_CHECKING:
    from .pings import Pinged, PingsDone
    from .server_events import (
        Accepted,
        Bound,
        Closed,
        Counted,
        Denied,
        Dialled,
        Dropped,
        Exposed,
        Failed,
        Held,
        Listening,
        PeerProcess,
        PortTold,
        Proxied,
        Reloaded,
        Secured,
        Unverified,
        Upgraded,
        WebsocketClosed,
        WorkerLost,
    )


class Connected(NamedTuple):
    """A connection was made; ``asked`` is the host as typed.

    ``lookup``, ``connect``, ``handshake``: milliseconds that each took; None: there was none.
    """

    peer: Address
    asked: str
    lookup: float | None = None
    connect: float | None = None
    handshake: float | None = None


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
