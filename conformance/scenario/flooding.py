"""Send to a server without reading, until the server waits and takes no more.

If it takes nothing for a moment, it may also be waiting for a processor, or computing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..core.verdict import Violation
from .server_time import ServerTime

if TYPE_CHECKING:
    from ..clients.peer import Peer
    from ..targets.queues import Queues
    from .session import Session

#: The bytes after which a server has more to write to a client that does not read than the socket
#: accepts; and the seconds without progress after which the server counts as not reading.
JAM, JAM_QUIET = 8 * 1024 * 1024, 0.2

#: Seconds without progress after which to stop even if the server runs: without the time in which
#: it waits for a processor, and in total.
TURN, TURN_MOST = 3.0, 15.0


def flood(
    session: Session,
    peer: Peer,
    source: bytes,
    limit: int = JAM,
    quiet: float = JAM_QUIET,
    taken: int = 0,
) -> int:
    """Send ``source`` repeatedly, until the server waits and takes no more.

    Arguments:
        limit: bytes after which to stop in any case.
        quiet: seconds without progress after which to stop, if the server waits.
        taken: bytes that an earlier call has sent; this call continues after them.
    Returns the number of bytes that were sent, including ``taken``.
    """
    taken = peer.flood(source, limit, quiet, taken)
    patience = ServerTime(session.server.process, TURN, TURN_MOST)
    while taken < limit and not patience.is_over():
        # A server that waits now may have run, and read, since the socket accepted nothing.
        ran = runs(session)
        before, taken = taken, peer.flood(source, limit, quiet if ran else 0.0, taken)
        if taken != before:
            patience.restart()
        elif not ran:
            break
    return taken


@contextmanager
def may_end() -> Iterator[None]:
    """Let the server end the connection of a client that sends much and reads nothing.

    Many servers limit what they keep for such a client; the next client is judged, not this one.
    Whether it ends before everything has been sent depends on the machine's load.
    """
    try:
        yield
    except Violation as violation:
        if violation.kind != "closed-early":
            raise


def runs(session: Session) -> bool:
    """Return whether the server runs, or waits for a processor; False if this is not known."""
    process = session.server.process
    return process is not None and process.runs()


def is_idle(session: Session, peer: Peer, seen: Queues) -> bool:
    """Return whether the server waits, and the queues are still as they were seen.

    A server that waits now may have run since they were seen.
    """
    return not runs(session) and peer.queues() == seen


def jam(session: Session, peer: Peer, data: bytes) -> None:
    """Send without reading, until the server has more to write than the socket accepts."""
    sent = peer.conduct.sent(data)
    if not sent:
        return  # the server sends without a request
    # Send large pieces, to need few calls.
    flood(session, peer, sent * max(1, 64 * 1024 // max(1, len(sent))))
