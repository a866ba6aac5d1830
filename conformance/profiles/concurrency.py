"""Concurrency (SPEC 7.1, 7.2, 7.21): clients are served at the same time."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext

from ..clients.peer import DATA, FIN, Peer
from ..core.verdict import NotJudged, Violation
from ..scenario.death import DYING
from ..scenario.profile import StreamProfile
from ..scenario.session import Session
from ..targets.address import PIPE
from .crowd import each
from .lifecycle import may_end_at_once

#: Seconds to wait for something that another clause judges, such as the end of a connection.
UNJUDGED_WAIT = 0.5

#: Idle clients that must not delay a new one.
IDLE_CLIENTS = 64

#: If the server ends connections, the seconds that one must last so that others can come in time.
LEAST_STAY = 0.5

#: The number of clients before the last one that is tested: a server that serves only sixty
#: would let in the very last ones just as late.
CLIENTS_BEFORE = 15

#: The delayed rounds in a row that prove that the server delays a client, not the machine's load:
#: once a deadline has passed, and in any case.
ROUNDS, MANY_ROUNDS = 3, 12

#: A client counts as delayed if it waits for this share of the duration of a connection, and this
#: many times as long as clients usually wait: on a loaded machine all clients wait.
HELD_SHARE, USUAL_FACTOR = 0.5, 4


def declare(profile: StreamProfile) -> None:
    """Declare the requirements for a profile."""

    @profile.must(
        "next-client",
        "7.22",
        "When a client has left, the next one is served.",
        "RFC 862, RFC 863, RFC 865 (a server on a well-known port serves many)",
        needs=(),
    )
    def next_client(session: Session) -> None:
        # Nothing is sent, because another clause judges how a server handles input.
        patience = min(session.deadline, UNJUDGED_WAIT)
        in_order = True
        for _ in range(3):
            peer = session.connect()
            if profile.ends_by_itself:
                # Another clause judges clients that leave before the end.
                while peer.ended is None and peer.receive(patience) == DATA:
                    pass
            peer.leave(patience)
            in_order = in_order and peer.ended == FIN
        if not in_order and session.server.process is not None:
            # A server that is ending accepts no client, and may take a while on a loaded machine.
            session.server.process.wait(DYING)

    @profile.must(
        "concurrent",
        "7.1",
        "A second client is served in full while the first one is connected.",
        "RFC 862, RFC 863, RFC 865 (a server on a well-known port serves many)",
        unless=(*profile.timely, *(() if profile.ends_by_itself else ("quiet",))),
    )
    def concurrent(session: Session) -> None:
        at_fin = profile.provoke is not None
        _serves_meanwhile(session, profile.ends_by_itself, lambda: [session.join()], at_fin)

    @profile.must(
        "idle-64",
        "7.2",
        f"While {IDLE_CLIENTS} idle clients are connected, a new client is still served.",
        "SPEC 7.2",
        needs=("concurrent",),
        unless=(*profile.apart, "burst"),
    )
    def idle(session: Session) -> None:
        if profile.ends_by_itself and session.server.address.transport == PIPE:
            raise NotJudged("64 clients connect to a named pipe too slowly to judge this")

        def arrive() -> Iterator[Peer]:
            for number in range(1, IDLE_CLIENTS + 1):
                peer = session.connect(f"idle{number}")
                session.let_accept()
                yield peer

        _serves_meanwhile(session, profile.ends_by_itself, arrive)

    @profile.must(
        "burst",
        "7.21",
        "Clients that connect at the same moment are all served.",
        "accept(2), epoll(7) (an edge is reported once, however many wait)",
        needs=("concurrent",),
        unless=profile.apart,
    )
    def burst(session: Session) -> None:
        with session.paused() if session.can_pause else nullcontext():
            # Only two clients, because a short backlog can hold two.
            arrived = [session.connect(), session.connect()]
        waiting = []
        for peer in arrived:
            peer.shake()
            profile.open(session, peer)
            waiting.append(peer)
            if session.one_at_a_time:
                session.serve(waiting.pop())
        for peer in waiting:
            session.serve(peer)


def _serves_meanwhile(
    session: Session,
    ends_by_itself: bool,
    arrive: Callable[[], Iterable[Peer]],
    answered_at_fin: bool = False,
) -> None:
    """Check that a new client is served completely while the earlier clients stay connected.

    If the server itself ends connections, a client that is accepted only after the others' end
    was not served meanwhile. The machine's load may cause this a few times; if it happens
    ROUNDS times in a row, and for a deadline, it is a fault of the server.
    """
    if may_end_at_once(session):
        began = session.now()
        session.next_client_is_served()
        if session.now() - began < LEAST_STAY:
            raise NotJudged("the server ends each connection at once: none stays to hold up others")
    until = time.monotonic() + session.deadline
    for number in range(1, MANY_ROUNDS + 1):
        waiting, moments = [], [time.monotonic()]
        for peer in arrive():
            waiting.append(peer)
            moments.append(time.monotonic())
        following = session.join()
        moments.append(time.monotonic())
        # Test not the very last of many: see CLIENTS_BEFORE.
        meanwhile = not waiting[-CLIENTS_BEFORE:][0].has_ended()
        _serve(session, following, ends_by_itself)
        if ends_by_itself:
            lasts = time.monotonic() - moments[-1]
            late = session.line.down.seconds_for(1) if session.line else 0.0
            meanwhile = meanwhile or not _one_was_held_up(moments, lasts, late)
        if len(waiting) == 1:
            if not ends_by_itself and not waiting[0].has_ended():
                # Other clauses judge data from the other client; this client is still served.
                waiting[0].take()
            if answered_at_fin:
                # If another clause is broken, the reply may count bytes that other clients sent.
                waiting[0].leave(session.deadline)
            else:
                _serve(session, waiting[0], ends_by_itself)
        else:
            _leave(session, waiting)
        if meanwhile:
            return
        over = number >= ROUNDS and time.monotonic() > until
        if over or number == MANY_ROUNDS or not ends_by_itself:
            raise Violation(
                "held-up",
                f"{number} times in a row a client was accepted only after the clients before it "
                "had ended",
                client=following.name,
            )


def _serve(session: Session, peer: Peer, ends_by_itself: bool) -> None:
    """Serve a client completely; another clause judges whether it gets data of other clients."""
    if not ends_by_itself:
        session.serve(peer)
        return
    peer.read_to_end()
    peer.close()


def _one_was_held_up(moments: list[float], lasts: float, late: float = 0.0) -> bool:
    """Return whether one of the last clients seems to have waited for another client's end.

    Arguments:
        moments: when the first one connected, and when each one was accepted.
        lasts: the seconds that the server keeps a connection open.
        late: the seconds of each wait that a bad line causes.
    """
    waits = [max(0.0, after - before - late) for before, after in itertools.pairwise(moments)]
    usual = sorted(waits)[(len(waits) - 1) // 2]
    return max(waits[-CLIENTS_BEFORE - 1 :]) >= max(HELD_SHARE * lasts, USUAL_FACTOR * usual)


def _leave(session: Session, waiting: list[Peer]) -> None:
    """Let the idle clients leave cleanly: only their effect on others is judged."""
    patience = session.deadline

    def leave(peer: Peer) -> None:
        nonlocal patience
        if not peer.leave(patience):
            patience = 0.0

    if session.line is not None:
        each(waiting, leave)  # leaving one after the other would take minutes
        return
    for peer in waiting:
        leave(peer)
