"""Lifecycle (SPEC 7.10 to 7.16): how a server ends, and whether it leaves anything behind."""

from __future__ import annotations

import os
import socket
import time

from ..clients.peer import Peer
from ..core.verdict import NotJudged, Violation
from ..scenario.profile import StreamProfile
from ..scenario.requirement import ABORTABLE, PATH, PORT, Declare
from ..scenario.server_time import ServerTime
from ..scenario.session import Session
from ..targets.address import DATAGRAMS, TCP, TCP6, TLS, UNIX, Address, open_socket
from ..targets.ports import is_remembered
from .crowd import Crowd, each
from .growth import CONNECTIONS, leaves_no_descriptor

#: Seconds for a server to read what its clients have sent before they reset.
READS_WITHIN = 0.5

#: Seconds for the end after SIGTERM, and seconds for the children of an ended server, which hold
#: its port too, to notice that and end. The time in which they wait for a processor is not counted.
STOP_TIMEOUT, LEAVING_TIME = 5.0, 1.0


def in_time(profile: StreamProfile) -> tuple[str, ...]:
    """Return what a clause about a leaving client needs: the server has not ended yet."""
    return ("in-time",) if profile.ends_by_itself else ()


def declare(profile: StreamProfile) -> None:
    """Declare the requirements for a profile."""

    def lives(words: str, clause: str, text: str, basis: str, **where: object) -> Declare:
        return profile.must(words, clause, text, basis, spawned=True, brisk=True, **where)

    @lives(
        "sigterm-idle",
        "7.10",
        "SIGTERM ends the server within 5 s, with status 0 or 143 or by the signal.",
        "POSIX.1-2017 SIGTERM",
    )
    def sigterm_idle(session: Session) -> None:
        session.next_client_is_served()
        session.terminate(STOP_TIMEOUT)

    @lives(
        "sigterm-busy",
        "7.11",
        "SIGTERM ends the server within 5 s although clients are connected.",
        "POSIX.1-2017 SIGTERM",
        needs=("concurrent", "sigterm-idle"),
        unless=profile.apart,
    )
    def sigterm_busy(session: Session) -> None:
        if not session.one_at_a_time:
            session.connect()
            session.let_accept()
        disturb(session, session.join(), profile.half_input)
        session.next_client_is_served()
        session.terminate(STOP_TIMEOUT)

    @lives(
        "port-free",
        "7.12",
        "When the server has ended, its port is free: nothing answers there and it can be bound.",
        "SPEC 7.12",
        transports=(TCP, TCP6, TLS),
        needs=("sigterm-idle",),
        about=PORT,
    )
    def port_free(session: Session) -> None:
        session.next_client_is_served()
        session.terminate(STOP_TIMEOUT)
        nothing_listens(session)

    @lives(
        "leak-fin",
        "7.13",
        f"{CONNECTIONS} connections ended by FIN leave no descriptor behind.",
        "SPEC 7.13",
        needs=("concurrent",),
        unless=(*profile.apart, *profile.unheard, "burst"),
    )
    def leak_fin(session: Session) -> None:
        crowd = Crowd(session)

        def serve(peer: Peer) -> None:
            disturb(session, peer, profile.chatter)
            session.serve(peer)

        def run_batch(batch: int) -> None:
            for peers in crowd.groups(batch):
                each(peers, serve)

        leaves_no_descriptor(session, run_batch)

    @lives(
        "leak-reset",
        "7.14",
        f"{CONNECTIONS} connections ended by RST leave no descriptor behind.",
        "SPEC 7.14",
        transports=ABORTABLE,
        needs=("concurrent", "reset-fifty"),
        unless=(*profile.apart, "burst", "reset-before-accept", "stall-then-reset"),
        line=in_time(profile),
    )
    def leak_reset(session: Session) -> None:
        crowd = Crowd(session)

        def run_batch(batch: int) -> None:
            for peers in crowd.groups(batch):
                disturb_and_reset(session, peers, profile.half_input)
            session.next_client_is_served()

        leaves_no_descriptor(session, run_batch)

    @lives(
        "path-removed",
        "7.15",
        "A Unix socket path is removed when the server ends.",
        "unix(7)",
        transports=(UNIX,),
        needs=("sigterm-idle",),
        about=PATH,
    )
    def path_removed(session: Session) -> None:
        session.next_client_is_served()
        session.terminate(STOP_TIMEOUT)
        if os.path.lexists(session.server.address.path):
            raise Violation("path-left", "the server ended and left its Unix socket path behind")

    @lives(
        "path-stale",
        "7.16",
        "A stale Unix socket path at the start does not prevent the server from starting.",
        "unix(7)",
        transports=(UNIX,),
        about=PATH,
    )
    def path_stale(session: Session) -> None:
        session.next_client_is_served()
        session.kill()
        if not os.path.lexists(session.server.address.path):
            raise NotJudged("a killed server leaves no path behind here")
        session.start_again()
        session.next_client_is_served()


def disturb(session: Session, peer: Peer, data: bytes) -> None:
    """Send unrequested data, unless the connection may have ended by now."""
    if not may_end_at_once(session):
        peer.send(data)


def may_end_at_once(session: Session) -> bool:
    """Return whether the server may end a connection right after the connect or the greeting."""
    profile = session.profile
    by_itself = isinstance(profile, StreamProfile) and profile.ends_by_itself
    return by_itself and not session.parameters.get("farewell")


def disturb_and_reset(session: Session, peers: list[Peer], data: bytes) -> None:
    """Send data, let the server return to its read, and reset.

    If an RST arrives while the server is still busy, its next write fails; if it arrives while
    the server waits, its read fails. Without this step, on a loaded machine all RSTs would
    arrive early.
    """
    for peer in peers:
        disturb(session, peer, data)
    until = time.monotonic() + READS_WITHIN
    for peer in peers:
        peer.await_read(until)
    for peer in peers:
        peer.reset()


def nothing_listens(session: Session) -> None:
    """Check that the server's port is free again. Raises Violation."""
    server = session.server
    patience = ServerTime(server.process, LEAVING_TIME, session.deadline)
    while (held := _held(server.address, session.deadline)) is not None:
        if patience.is_over():
            raise Violation("port-held", f"the server ended, and {held}")
        time.sleep(LEAVING_TIME / 20)


def _held(address: Address, timeout: float) -> str | None:
    """Return a description of what still holds a port; None if it is free."""
    datagrams = address.transport in DATAGRAMS
    if not datagrams and _takes_a_connection(address, timeout):
        return f"something still answers at {address}"
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM if datagrams else socket.SOCK_STREAM) as probe:
        try:
            if datagrams:
                # Without SO_REUSEADDR, with which two sockets could share the port.
                probe.bind((address.host, address.port))
                return None
            # The next server would set this too; TIME_WAIT does not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address.host, address.port))
            probe.listen(1)
        except OSError as error:
            if not datagrams and is_remembered(address.port):
                return None  # held by the system (TIME_WAIT, which UDP does not have)
            return f"{address} cannot be bound: {error.strerror}"
    return None


def _takes_a_connection(address: Address, timeout: float) -> bool:
    try:
        with open_socket(address, timeout):
            return True
    except OSError:
        return False
