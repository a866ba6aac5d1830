"""Survival (SPEC 7.3 to 7.9): the actions of one client do not harm others."""

from __future__ import annotations

from ..clients.peer import Peer
from ..scenario.profile import StreamProfile
from ..scenario.requirement import ABORTABLE, Declare
from ..scenario.session import Session
from .barriers import taken_in
from .lifecycle import disturb, in_time

BASIS = "RFC 9293 3.10.7 (reset)"


def declare(profile: StreamProfile, writes: bool) -> None:
    """Declare the requirements for a profile; 7.5 is left out if the service never ``writes``."""
    line = in_time(profile)

    def survives(words: str, clause: str, text: str, **where: object) -> Declare:
        sentence = f"After {text} the next client is served in full."
        return profile.must(words, clause, sentence, BASIS, brisk=True, line=line, **where)

    @survives(
        "reset-at-once",
        "7.3",
        "an RST directly after connecting",
        transports=ABORTABLE,
        unless=profile.apart,
    )
    def reset_at_once(session: Session) -> None:
        # A write to a client that has disconnected is another case (7.5).
        peer = _accepted(session, profile)
        peer.reset()
        session.next_client_is_served()

    @survives(
        "reset-mid-message",
        "7.4",
        "an RST in mid-message",
        transports=ABORTABLE,
        needs=("reset-at-once", "half-sent"),
        unless=profile.apart,
    )
    def reset_mid_message(session: Session) -> None:
        peer = session.join()
        session.let_accept()
        disturb(session, peer, profile.half_input)
        # A write to a client that has disconnected is another case (7.5).
        if not profile.ends_by_itself:
            taken_in(session, peer)
        peer.reset()
        session.next_client_is_served()

    apart = (*profile.apart, *profile.leavers)
    writing = ("reset-while-writing",) if writes else ()

    if writes:

        @survives(
            "reset-while-writing",
            "7.5",
            "an RST from a client to which the server is writing",
            transports=ABORTABLE,
            needs=("reset-mid-message",),
            unless=(*apart, *profile.stalled),
        )
        def reset_while_writing(session: Session) -> None:
            if session.can_pause:
                _reset_before_the_answer(session, profile)
            peer = _accepted(session, profile)
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
        needs=("reset-mid-message",),
        unless=(*apart, *writing, "burst", "stall-then-reset"),
    )
    def reset_before_accept(session: Session) -> None:
        with session.paused():
            for _ in range(2):
                peer = session.connect()
                peer.send(profile.half_input)
                peer.reset()
        session.next_client_is_served()

    @survives(
        "reset-fifty",
        "7.7",
        "fifty RSTs in a row",
        transports=ABORTABLE,
        needs=("reset-mid-message",),
        unless=(*apart, *writing),
    )
    def reset_fifty(session: Session) -> None:
        for number in range(50):
            peer = session.connect(f"R{number + 1}")
            session.let_accept()
            peer.send(profile.half_input)
            peer.reset()
        session.next_client_is_served()

    # The client's close may leave the answer unread, which also sends an RST.
    @survives(
        "half-sent",
        "7.8",
        "a client that leaves in mid-message",
        unless=(*profile.apart, *profile.leavers, "reset-at-once"),
    )
    def half_sent(session: Session) -> None:
        peer = session.join()
        disturb(session, peer, profile.half_input)
        peer.close()
        session.next_client_is_served()

    @survives(
        "stall-then-reset",
        "7.9",
        "a client that stops reading and then resets",
        transports=ABORTABLE,
        needs=("concurrent", "reset-mid-message"),
        unless=(*apart, *profile.stalled, *writing),
    )
    def stall_then_reset(session: Session) -> None:
        stalled = session.join()
        profile.stall(session, stalled)
        session.next_client_is_served()
        stalled.reset()
        session.next_client_is_served()


def _reset_before_the_answer(session: Session, profile: StreamProfile) -> None:
    """Send FIN and RST before the server has run, so that the server's first write fails.

    After an RST in CLOSE_WAIT the write fails with EPIPE, and raises SIGPIPE if that is not
    ignored; input that came before the RST can still be read.
    """
    peer = _accepted(session, profile)
    with session.paused():
        peer.send(profile.first_input)
        peer.send_eof()
        peer.reset()
    session.next_client_is_served()


def _accepted(session: Session, profile: StreamProfile) -> Peer:
    """Return a client that the server has accepted; clients that wait are another case (7.6)."""
    peer = session.join()
    if not profile.ends_by_itself:  # otherwise the client has already been greeted
        taken_in(session, peer)
    return peer
