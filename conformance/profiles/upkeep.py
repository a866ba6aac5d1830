"""Upkeep (SPEC 7.17 to 7.20): the resources that a server uses, and how it starts again."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable

from ..clients.peer import DATA
from ..core.verdict import NotJudged, Unreachable, Violation
from ..scenario.profile import StreamProfile
from ..scenario.requirement import ABORTABLE, PORT_AGAIN, Declare
from ..scenario.session import Session
from ..targets.address import TCP, TCP6, TLS
from ..targets.ports import is_bindable
from ..targets.process import Process
from ..targets.usage import Usage
from .crowd import Crowd, each
from .growth import BATCH, CONNECTIONS
from .lifecycle import disturb, disturb_and_reset, in_time

#: Seconds for which a client sends nothing.
QUIET = 2.0

#: The seconds of one measurement of processor time, the number in a row that must find the server
#: busy, and the share of the time that it must run or wait to run in each.
LOOK_TIME, LOOKS, BUSY_SHARE = 0.3, 5, 0.5

#: The most seconds of a measurement if the server waits for a processor on a busy machine.
LONGEST_LOOK = 3.0

#: A leak of processes or threads: half of CONNECTIONS leave one behind. Pools grow less.
MANY = CONNECTIONS // 2

ZOMBIES = "ignore SIGCHLD, or call waitpid(-1, ..., WNOHANG) until there is none left"

#: The bytes of memory that each connection must leave behind to count as a leak: a runtime with a
#: garbage collector keeps the buffers of many connections.
MEMORY = 256 * 1024


def declare(profile: StreamProfile) -> None:
    """Declare the requirements for a profile."""

    @profile.should(
        "restart",
        "7.17",
        "A server that is started again at once gets its port, although it closed connections.",
        "RFC 9293 3.6.1 (TIME-WAIT); socket(7) SO_REUSEADDR",
        transports=(TCP, TCP6, TLS),
        spawned=True,
        needs=("concurrent", "sigterm-idle"),
        unless=profile.apart,
        brisk=True,
        about=PORT_AGAIN,
    )
    def restart(session: Session) -> None:
        starts_again_at_once(session)

    @profile.must(
        "leak-process",
        "7.18",
        f"{CONNECTIONS} connections leave no process, no thread and no memory behind.",
        "SPEC 7.18",
        spawned=True,
        needs=("concurrent", "reset-fifty"),
        unless=(*profile.apart, "burst", "reset-before-accept", "stall-then-reset"),
        once=True,
        brisk=True,
        line=in_time(profile),
    )
    def leak_process(session: Session) -> None:
        crowd, numbers = Crowd(session), itertools.count()

        def serve() -> None:
            for peers in crowd.groups(next(numbers)):
                each(peers, session.serve)

        def reset() -> None:
            for peers in crowd.groups(next(numbers)):
                disturb_and_reset(session, peers, profile.half_input)
            session.next_client_is_served()

        leaves_nothing(session, serve, "connections")
        if session.transport in ABORTABLE:
            leaves_nothing(session, reset, "connections ended by RST")

    @profile.should(
        "idle",
        "7.19",
        "A server whose clients are idle uses little CPU.",
        "SPEC 7.19",
        spawned=True,
        needs=("concurrent",),
        unless=(*profile.apart, *profile.leavers, "half-sent"),
        once=True,
    )
    def idle(session: Session) -> None:
        session.join("idle")
        disturb(session, session.join("half-sent"), profile.half_input)
        session.next_client_is_served()
        session.join("gone").close()
        is_idle(session, "clients")

    if not profile.ends_by_itself:
        _declare_quiet(profile.must)


def _declare_quiet(must: Callable[..., Declare]) -> None:
    @must(
        "quiet",
        "7.20",
        f"A connection on which nothing is sent for {QUIET:g} s stays open.",
        "RFC 1122 4.2.3.6 (an idle connection is not dropped)",
        once=True,
    )
    def quiet(session: Session) -> None:
        peer = session.join()
        peer.poll(QUIET)
        if peer.has_ended():
            raise Violation(
                "ended-quiet",
                f"the server ended a connection ({peer.ended}) on which nothing was sent "
                f"for less than {QUIET:g} s",
                client=peer.name,
                hint="a read that times out is not the end of the connection",
            )
        session.serve(peer)


def starts_again_at_once(session: Session) -> None:
    """Let the server end first, with a client connected, and start it at the same address."""
    peer, address = session.join(), session.server.address
    session.let_accept()
    # The barrier: the server would reset a client that it has not accepted or not read.
    session.next_client_is_served()
    session.kill()
    # After the server's FIN, its side of the connection still holds the port (FIN-WAIT-2).
    while peer.poll(session.deadline) == DATA:
        pass
    if is_bindable(address.host, address.port):
        raise NotJudged("a connection that the server ended does not hold its port here")
    try:
        session.start_again(same_address=True)
    except Unreachable as error:
        violation = Violation(
            "address-in-use",
            f"started again at {address}, where it has just ended with a client connected, "
            f"the server does not serve: {error}",
            hint="set SO_REUSEADDR on the listening socket before bind()",
        )
        violation.server_output = error.output
        raise violation from error
    session.next_client_is_served()


def leaves_nothing(session: Session, run_batch: Callable[[], None], clients: str) -> None:
    """Check that batches of clients leave no process, thread or memory behind. Raises Violation.

    Arguments:
        run_batch: runs a batch of BATCH clients.
        clients: the word for them in a message.
    """
    run_batch()
    before = at_first = _settled(session, None)
    steps = []
    for _ in range(CONNECTIONS // BATCH):
        run_batch()
        now = _settled(session, at_first)
        steps.append(now.memory - before.memory)
        before = now
    session.transcript.note("server", f"at first {at_first}; at the end {now}")
    if not session.process.alive:
        return
    for what, first, last in (
        ("child processes that it does not wait for (zombies)", at_first.zombies, now.zombies),
        ("processes", at_first.processes, now.processes),
        ("threads", at_first.threads, now.threads),
    ):
        if last - first > MANY:
            raise Violation(
                "process-leak",
                f"{CONNECTIONS} {clients} grew the number of the server's {what} "
                f"from {first} to {last}",
                hint=ZOMBIES if what.startswith("child") else None,
            )
    if min(steps) > MEMORY * BATCH:
        raise Violation(
            "memory-leak",
            f"{CONNECTIONS} {clients} grew the server's memory from "
            f"{at_first.memory // 1024} to {now.memory // 1024} KiB, a little with each",
        )


def _settled(session: Session, first: Usage | None) -> Usage:
    """Return what the server uses when the traces of its last clients have gone, or stay."""
    with session.budget.stopped():
        return _still(session, first)


def _still(session: Session, first: Usage | None) -> Usage:
    count, still = None, 0
    until = time.monotonic() + session.deadline
    while True:
        usage = session.process.usage()
        if usage is None:
            raise NotJudged("processes cannot be counted on this platform")
        if first and usage.processes <= first.processes and usage.threads <= first.threads:
            return usage
        still = still + 1 if count == usage[:3] else 0
        count = usage[:3]
        if still >= 5 or time.monotonic() > until or session.process.wait(0.05):
            return usage


def is_idle(session: Session, guests: str) -> None:
    """Check that the server hardly runs in one of several measurements. Raises Violation.

    Arguments:
        guests: the word for the connected, silent clients in a message.
    """
    for _ in range(LOOKS):
        looked = _look(session.process)
        if looked is None:
            return
        ran, seconds = looked
        if ran < BUSY_SHARE * seconds:
            return
    raise Violation(
        "busy",
        f"the server keeps a processor busy although its {guests} are idle: {ran:.2f} "
        f"of the last {seconds:.2f} s",
        hint="wait for what can be read (select, poll, a blocking read) instead of asking again "
        "and again; a socket at its end, or with nothing to write, must not be waited for",
    )


def _look(process: Process) -> tuple[float, float] | None:
    """Return how long the server has run during this number of seconds; None if it has ended."""
    before, began, wait = process.running_time(), time.monotonic(), LOOK_TIME
    while True:
        if process.wait(wait):
            return None
        after, seconds = process.running_time(), time.monotonic() - began
        if before is None or after is None:
            raise NotJudged("this system does not tell how long a process has run")
        ran, wait = after - before, LOOK_TIME / 10
        # The time of waiting for a processor is counted only when the process gets one (schedstat).
        if ran >= BUSY_SHARE * seconds or seconds > LONGEST_LOOK or not process.runs():
            return ran, seconds
