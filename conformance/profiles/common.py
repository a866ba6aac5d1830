"""What every stream profile owes besides its own clauses (SPEC 7).

Concurrency, Survival and Lifecycle are declared once and judged in each profile, with
the profile's own small session as the proof that a client is served in full.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator

from ..catalogue import ABORTABLE, Declare, Profile
from ..outcome import NotJudged, Violation
from ..session import Session
from ..targets.address import TCP, TCP6, UNIX, open_socket
from ..wire import Peer

#: Idle clients that must hold up nobody.
IDLE = 64

#: Connections after which a leak of one descriptor each is beyond doubt, made in
#: batches; and the growth that thread pools and logs are allowed.
CONNECTIONS, BATCH, GROWTH = 200, 50, 10

#: Seconds that SIGTERM may take.
TERMINATION = 5.0

#: Bytes after which a stalled client's server has more to write than its socket takes.
JAM, JAM_QUIET = 8 * 1024 * 1024, 0.2

TCP_CLOSE = "RFC 9293 3.10.7 (reset)"


def every_stream_service(profile: Profile) -> None:
    """Declare the common requirements for a profile, after its own."""
    _concurrency(profile)
    _survival(profile)
    _lifecycle(profile)


def jam(session: Session, peer: Peer, pattern: bytes) -> None:
    """Send and do not read, until the server has more to write than the socket takes."""
    peer.flood(pattern, JAM, JAM_QUIET)


def _concurrency(profile: Profile) -> None:
    @profile.must(
        "concurrent",
        "7.1",
        "Clients are served at the same time: a second one in full while the first is connected.",
        "RFC 862, RFC 863, RFC 865 (a server on a well-known port serves many)",
    )
    def concurrent(session: Session) -> None:
        _serves_meanwhile(session, lambda: [session.join()])

    @profile.must(
        "idle-64",
        "7.2",
        f"{IDLE} idle clients hold up nobody.",
        "SPEC 7.2",
    )
    def idle(session: Session) -> None:
        def arrive() -> list[Peer]:
            waiting = []
            for number in range(1, IDLE + 1):
                waiting.append(session.connect(f"idle{number}"))
                session.let_accept()
            return waiting

        _serves_meanwhile(session, arrive)


def _serves_meanwhile(session: Session, arrive: Callable[[], list[Peer]]) -> None:
    """While the clients that arrive stay, the next one is served in full.

    Where the server itself ends a connection, a client that is let in only after the
    others' end was not served meanwhile. Once that may be the machine's load; three
    times in a row it is the server.
    """
    for _ in range(3 if session.profile.ends_by_itself else 1):
        waiting = arrive()
        following = session.join()
        # Not the very last of many: a server that takes sixty lets it in as late.
        meanwhile = not waiting[-15:][0].has_ended()
        session.serve(following)
        if len(waiting) == 1:
            session.serve(waiting[0])
        else:
            _leave(session, waiting)
        if meanwhile:
            return
    raise Violation(
        "held-up",
        "three times in a row a client was let in only when the clients before it had ended",
        client=following.name,
    )


def _leave(session: Session, waiting: list[Peer]) -> None:
    """Let the idle clients go in order: what is judged is what they held up."""
    patience = session.deadline
    for peer in waiting:
        if not peer.leave(patience):
            patience = 0.0


def _survival(profile: Profile) -> None:
    def survives(words: str, clause: str, text: str, **where: object) -> Declare:
        sentence = f"After {text} the next client is served in full."
        return profile.must(words, clause, sentence, TCP_CLOSE, **where)

    @survives("reset-at-once", "7.3", "an RST directly after connecting", transports=ABORTABLE)
    def reset_at_once(session: Session) -> None:
        session.connect().reset()
        session.next_client_is_served()

    @survives("reset-mid-message", "7.4", "an RST in mid-message", transports=ABORTABLE)
    def reset_mid_message(session: Session) -> None:
        peer = session.join()
        session.let_accept()
        peer.send(profile.half_input)
        peer.reset()
        session.next_client_is_served()

    @survives(
        "reset-while-writing",
        "7.5",
        "an RST from a client to which the server is writing",
        transports=ABORTABLE,
    )
    def reset_while_writing(session: Session) -> None:
        peer = session.join()
        profile.stall(session, peer)
        if profile.provoke:
            profile.provoke(peer)
        peer.reset()
        session.next_client_is_served()

    @survives(
        "reset-before-accept",
        "7.6",
        "RSTs from clients whose connection the server has not accepted yet",
        transports=ABORTABLE,
        spawned=True,
    )
    def reset_before_accept(session: Session) -> None:
        with session.paused():
            for _ in range(2):
                peer = session.connect()
                peer.send(profile.half_input)
                peer.reset()
        session.next_client_is_served()

    @survives("reset-fifty", "7.7", "fifty RSTs in a row", transports=ABORTABLE)
    def reset_fifty(session: Session) -> None:
        for number in range(50):
            peer = session.connect(f"R{number + 1}")
            peer.send(profile.half_input)
            peer.reset()
            session.let_accept()
        session.next_client_is_served()

    @survives("half-sent", "7.8", "a client that leaves in mid-message")
    def half_sent(session: Session) -> None:
        peer = session.join()
        peer.send(profile.half_input)
        peer.close()
        session.next_client_is_served()

    @survives(
        "stall-then-reset",
        "7.9",
        "a client that stops reading and then resets",
        transports=ABORTABLE,
    )
    def stall_then_reset(session: Session) -> None:
        stalled = session.join()
        profile.stall(session, stalled)
        session.next_client_is_served()
        stalled.reset()
        session.next_client_is_served()


def _lifecycle(profile: Profile) -> None:
    def lives(words: str, clause: str, text: str, basis: str, **where: object) -> Declare:
        return profile.must(words, clause, text, basis, spawned=True, **where)

    @lives(
        "sigterm-idle",
        "7.10",
        "SIGTERM ends the server within 5 s, with status 0 or 143 or by the signal.",
        "POSIX.1-2017 SIGTERM",
    )
    def sigterm_idle(session: Session) -> None:
        session.next_client_is_served()
        session.terminate(TERMINATION)

    @lives(
        "sigterm-busy",
        "7.11",
        "SIGTERM ends the server within 5 s although clients are connected.",
        "POSIX.1-2017 SIGTERM",
    )
    def sigterm_busy(session: Session) -> None:
        session.connect()
        talking = session.join()
        talking.send(profile.half_input)
        session.next_client_is_served()
        session.terminate(TERMINATION)

    @lives(
        "port-free",
        "7.12",
        "When the server has ended, its port is free: nothing answers there and it can be bound.",
        "SPEC 7.12",
        transports=(TCP, TCP6),
    )
    def port_free(session: Session) -> None:
        session.next_client_is_served()
        session.terminate(TERMINATION)
        _nothing_listens(session)

    @lives(
        "leak-fin",
        "7.13",
        f"{CONNECTIONS} connections ended by FIN leave no descriptor behind.",
        "SPEC 7.13",
    )
    def leak_fin(session: Session) -> None:
        def visit(batch: int) -> None:
            peers = _batch(session, batch)
            for peer in peers:
                peer.send(profile.chatter)
                session.serve(peer)

        _leaves_no_descriptor(session, visit)

    @lives(
        "leak-reset",
        "7.14",
        f"{CONNECTIONS} connections ended by RST leave no descriptor behind.",
        "SPEC 7.14",
        transports=ABORTABLE,
    )
    def leak_reset(session: Session) -> None:
        def visit(batch: int) -> None:
            peers = _batch(session, batch)
            for peer in peers:
                peer.send(profile.half_input)
                peer.reset()
            session.next_client_is_served()

        _leaves_no_descriptor(session, visit)

    @lives(
        "path-removed",
        "7.15",
        "A Unix socket path is removed when the server ends.",
        "unix(7)",
        transports=(UNIX,),
    )
    def path_removed(session: Session) -> None:
        session.next_client_is_served()
        session.terminate(TERMINATION)
        if os.path.lexists(session.server.address.path):
            raise Violation("path-left", "the server ended and left its Unix socket path behind")

    @lives(
        "path-stale",
        "7.16",
        "A stale Unix socket path at the start does not prevent the server from starting.",
        "unix(7)",
        transports=(UNIX,),
    )
    def path_stale(session: Session) -> None:
        session.next_client_is_served()
        session.kill()
        if not os.path.lexists(session.server.address.path):
            raise NotJudged("a killed server leaves no path behind here")
        session.start_again()
        session.next_client_is_served()


def _batch(session: Session, batch: int) -> list[Peer]:
    peers = []
    for number in range(1, BATCH + 1):
        peers.append(session.join(f"{batch}.{number}"))
        session.let_accept()
    return peers


def _nothing_listens(session: Session) -> None:
    address = session.server.address
    try:
        with open_socket(address, session.deadline):
            pass
    except OSError:
        pass
    else:
        raise Violation("port-held", f"the server ended, and something still answers at {address}")
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As any server that starts there next would; TIME_WAIT does not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
            probe.listen(1)
        except OSError as error:
            raise Violation(
                "port-held", f"the server ended, and {address} cannot be bound: {error.strerror}"
            ) from error


def _leaves_no_descriptor(session: Session, visit: Callable[[int], None]) -> None:
    process = session.process
    visit(0)
    baseline = _settled(session, lambda _: True)
    for batch in range(1, CONNECTIONS // BATCH + 1):
        visit(batch)
    count = _settled(session, lambda count: count <= baseline + GROWTH)
    session.transcript.note("server", f"{baseline} descriptors before, {count} after")
    if process.alive and count > baseline + GROWTH:
        raise Violation(
            "descriptor-leak",
            f"{CONNECTIONS} connections grew the server's open descriptors "
            f"from {baseline} to {count}",
        )


def _settled(session: Session, enough: Callable[[int], bool]) -> int:
    """The number of descriptors, once enough or once it has stopped falling."""
    process = session.process
    count = process.descriptors()
    if count is None:
        raise NotJudged("descriptors cannot be counted on this platform")
    for _ in _looks(session.deadline):
        now = process.descriptors() or 0
        if now >= count and enough(now):
            return now
        count = now
        if process.wait(0.05):
            break
    return count


def _looks(seconds: float) -> Iterator[int]:
    yield from range(int(seconds / 0.05))
