"""The requirements of every stream profile, besides its own clauses (SPEC 7).

They are declared once and judged in each profile, with the profile's own small session as the
proof that a client is served completely.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator

from ..clients.peer import Peer
from ..core.settings import answers_once
from ..core.verdict import NotJudged
from ..scenario.flooding import TURN, TURN_MOST, flood, is_idle, jam
from ..scenario.profile import StreamProfile
from ..scenario.requirement import SPEC
from ..scenario.server_time import ServerTime
from ..scenario.session import Session
from ..targets.queues import Queues
from . import concurrency, lifecycle, survival, upkeep

#: More bytes than the sockets of both sides can hold (Linux: 4 MiB to send, 6 MiB to receive).
PENDING = 16 * 1024 * 1024

#: Seconds without progress after which a server reads no more of what one client has sent, if it
#: waits; and of its own time, if it runs.
NO_PROGRESS, NO_PROGRESS_RUNNING = 0.2, 1.0

#: The bytes after which to look whether a server keeps answers in its own memory, and the
#: seconds between two looks; the bytes to send if there is nothing to look at.
STEP, LOOK_INTERVAL, LITTLE = 16 * 1024, 0.0005, 1024


#: The groups of the common requirements, in their order.
GROUPS = ("concurrency", "survival", "lifecycle", "upkeep")


def every_stream_service(
    profile: StreamProfile, writes: bool = True, only: Collection[str] = GROUPS
) -> None:
    """Declare the common requirements for a profile, after its own.

    Arguments:
        writes: the service sends something, so that a write of it can fail.
        only: the groups to declare; what a requirement needs of another group is left out.
    """
    declare: dict[str, Callable[[], None]] = {
        "concurrency": lambda: concurrency.declare(profile),
        "survival": lambda: survival.declare(profile, writes),
        "lifecycle": lambda: lifecycle.declare(profile),
        "upkeep": lambda: upkeep.declare(profile),
    }
    first = len(profile.requirements)
    for group in GROUPS:
        if group in only:
            declare[group]()
    known = {one.id for one in profile.requirements}
    profile.requirements[first:] = [
        one._replace(
            spec=SPEC,
            needs=tuple(need for need in one.needs if need in known),
            unless=tuple(need for need in one.unless if need in known),
        )
        for one in profile.requirements[first:]
    ]


def other_than_leave(session: Session, *lines: bytes) -> list[bytes]:
    """Return the lines that do not end the session."""
    leave = session.parameters.get("leave", b"").lower()
    return [line for line in lines if not leave or line.strip().lower() != leave]


def in_rounds(session: Session, items: Iterable[bytes]) -> Iterator[tuple[Peer, bytes]]:
    """Yield each item with the client that sends it: one client for all items.

    If the server answers only once in a connection, each item has its own client.
    """
    peer = session.join()
    for number, item in enumerate(items):
        if number and answers_once(session.parameters):
            peer.leave(session.deadline)
            peer = session.join()
        yield peer, item


def end(session: Session, peer: Peer) -> None:
    """End a session: by the word ``leave`` if the service has one, else by FIN."""
    leave = session.parameters.get("leave")
    if leave:
        peer.send(leave + b"\n")
        # The server's answer is not judged, only that the server ends then.
        peer.read_to_end(f"the server's FIN after {leave.decode(errors='replace')}")
        return
    peer.send_eof()
    peer.expect_eof("the server's FIN, with nothing before it,")


#: A line, and many of them in one piece.
LINES = (b"x" * 63 + b"\n") * 1024


def stall_with_lines(session: Session, peer: Peer) -> None:
    """Send lines and read nothing."""
    jam(session, peer, LINES)


def jam_until_stopped(session: Session, peer: Peer, pattern: bytes, limit: int) -> int:
    """Send and do not read, until the server takes no more although it had time to read.

    Arguments:
        limit: bytes after which to stop although they are still taken.
    Returns the number of bytes that were taken.
    """
    taken = 0
    while True:
        before, taken = taken, flood(session, peer, pattern, limit, taken=taken)
        settle(session, peer)
        if taken >= limit or (before and taken - before < len(pattern)):
            return taken


def fill_own_queue(
    session: Session, peer: Peer, pattern: bytes, limit: int, step: int = STEP
) -> int:
    """Send and do not read, until the server keeps answers itself although it has read everything.

    A server with a bounded buffer, flooded, does not come to the FIN before most of its answers
    have been taken: what it forgets at FIN is then little or nothing. Only if nothing waits to be
    read is the FIN next. If the kernel does not report what waits, only a little is sent.

    Arguments:
        limit: bytes after which to stop in any case.
        step: bytes to send at a time; the answers to them should be about STEP bytes.
    Returns the number of bytes that were sent.
    """
    taken, before = 0, peer.queues()
    if before is None:
        return flood(session, peer, pattern, min(step, LITTLE))
    while taken < limit:
        sent = flood(session, peer, pattern, taken + step, taken=taken)
        queues = _after_step(session, peer, before.written)
        if queues is None or queues.unread or queues.written <= before.written:
            return sent  # it does nothing more
        if sent < taken + step:
            return sent  # it takes no more
        taken, before = sent, queues
    return taken


def _after_step(session: Session, peer: Peer, written: int) -> Queues | None:
    """Wait until the server has read everything and written more, or it does nothing more.

    Raises NotJudged if it did not get enough time on a processor for either.
    """
    patience = ServerTime(session.server.process, TURN, TURN_MOST)
    last, until = None, 0.0
    while True:
        time.sleep(LOOK_INTERVAL)
        queues, now = peer.queues(), time.monotonic()
        if queues is None or (not queues.unread and queues.written > written):
            return queues
        if queues != last:
            last, until = queues, now + NO_PROGRESS
            patience.restart()
        elif now > until and _rests(session, peer, queues):
            return queues
        elif patience.is_over():
            if patience.starved():
                raise NotJudged("the server got too little time on a processor")
            return queues


def _rests(session: Session, peer: Peer, seen: Queues) -> bool:
    """Return whether the server does nothing more with what has arrived."""
    return (not seen.unread or seen.arrived > 0) and is_idle(session, peer, seen)


#: Sends and does not read; the arguments and the result are those of fill_own_queue().
Flood = Callable[[Session, Peer, bytes, int], int]

#: The ways to have a server come to the client's FIN while it still has to send.
FLOODS: tuple[Flood, ...] = (jam_until_stopped, fill_own_queue)


def settle(session: Session, peer: Peer) -> None:
    """Wait until the server has read what the peer has sent (its FIN too), or stopped reading.

    A server that has to forget something at FIN must have come to the FIN before the peer
    reads. Where the kernel does not tell, other clients are served meanwhile.
    """
    session.let_arrive()
    queues, until = peer.queues(), time.monotonic() + NO_PROGRESS
    if queues is None:
        while time.monotonic() < until:
            session.next_client_is_served()
        return
    patience = ServerTime(session.server.process, NO_PROGRESS_RUNNING, TURN_MOST)
    while queues is not None and not patience.is_over():
        time.sleep(NO_PROGRESS / 8)
        before, queues = queues, peer.queues()
        if queues != before:
            until = time.monotonic() + NO_PROGRESS
            patience.restart()
        elif queues.unread <= 1:  # TCP counts the FIN, even if it has been read
            if is_idle(session, peer, queues):
                return
        elif time.monotonic() > until and _rests(session, peer, queues):
            return
