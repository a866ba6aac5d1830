"""What every stream profile owes besides its own clauses (SPEC 7).

Declared once and judged in each profile, with the profile's own small session as the
proof that a client is served in full.
"""

from __future__ import annotations

from ..catalogue import StreamProfile
from ..session import Session
from ..wire import Peer
from . import concurrency, lifecycle, survival

#: Bytes after which a stalled client's server has more to write than its socket takes.
JAM, JAM_QUIET = 8 * 1024 * 1024, 0.2


def every_stream_service(profile: StreamProfile, writes: bool = True) -> None:
    """Declare the common requirements for a profile, after its own.

    Arguments:
        writes: the service sends something, so that a write of it can fail.
    """
    concurrency.declare(profile)
    survival.declare(profile, writes)
    lifecycle.declare(profile)


def jam(_session: Session, peer: Peer, pattern: bytes) -> None:
    """Send and do not read, until the server has more to write than the socket takes."""
    peer.flood(pattern, JAM, JAM_QUIET)


def jam_until_stopped(session: Session, peer: Peer, pattern: bytes, limit: int) -> int:
    """Send and do not read, until the server takes no more although it has had its turn.

    A busy machine may keep the server from running for longer than a pause without progress;
    serving other clients shows that it has run.

    Arguments:
        limit: bytes after which to stop although they are still taken.
    Returns the number of bytes that were taken.
    """
    taken = 0
    while True:
        before, taken = taken, peer.flood(pattern, limit, JAM_QUIET, taken)
        if before and taken - before < len(pattern):
            return taken
        for _ in range(2):
            session.next_client_is_served()
        if taken >= limit:
            return taken
