"""hello's small session, and the profile itself: any number of complete replies."""

from __future__ import annotations

from ..clients.peer import DATA, FIN, SILENCE, Peer
from ..core.transcript import first_difference
from ..core.verdict import Violation
from ..scenario.profile import StreamProfile
from ..scenario.session import Session
from .common import stall_with_lines
from .settings import settings_of


def open_(session: Session, peer: Peer) -> None:
    """Do nothing: the server sends nothing at the start."""


def serve(session: Session, peer: Peer) -> None:
    """Send a line, await its replies; send FIN, await FIN."""
    peer.send(b"served in full\n")
    take_replies(session, peer)
    finish(session, peer)


def finish(session: Session, peer: Peer) -> None:
    """Send FIN; await any number of complete replies, then the server's FIN."""
    peer.send_eof()
    take_replies(session, peer, at_least=0, until_end=True)


def take_replies(session: Session, peer: Peer, at_least: int = 1, until_end: bool = False) -> None:
    """Read the complete replies that have come; with ``until_end`` up to FIN.

    Raises Violation at the first wrong byte.
    """
    reply = session.parameters["reply"]
    received = bytearray()
    while True:
        received += peer.take()
        whole, rest = divmod(len(received), len(reply))
        expected = reply * max(at_least, whole + (1 if rest else 0))
        wrong = first_difference(expected, bytes(received))
        if wrong < len(received):
            raise Violation(
                "wrong-bytes",
                f"wrong byte at {wrong} of the reply",
                expected=expected,
                received=bytes(received),
                offset=wrong,
                awaited="whole replies",
                client=peer.name,
            )
        complete = whole >= at_least and not rest
        peer.answered = peer.answered or (complete and whole > 0)
        if complete and not until_end:
            return
        how = peer.poll(peer.deadline)
        if how == DATA:
            continue
        if complete and how == FIN:
            return
        raise _missing(peer, expected, bytes(received), how, complete)


def _missing(peer: Peer, expected: bytes, received: bytes, how: str, complete: bool) -> Violation:
    instead = f"nothing for {peer.deadline:g} s" if how == SILENCE else how
    awaited = "the server's FIN" if complete else "a whole reply"
    kinds = {SILENCE: "no-fin" if complete else "missing-bytes", FIN: "ended-early"}
    return Violation(
        kinds.get(how, "rst-instead-of-fin" if complete else "reset-early"),
        f"awaited {awaited}, then came {instead}",
        expected=expected,
        received=received,
        offset=len(received),
        instead=instead,
        awaited=awaited,
        client=peer.name,
    )


hello = StreamProfile(
    "hello",
    title="whatever comes is answered by one sentence",
    settings=settings_of("hello"),
    half_close=True,
    parameters={"reply": b"Hello World form the server!"},
    first_input=b"ready?\n",
    half_input=b"half a line",
    open=open_,
    serve=serve,
    stall=stall_with_lines,
    base=("ends-fin",),
    # The server may choose how often it replies: to each read, line or byte.
    allows=("answer-twice", "stale-bytes", "first-line-only", "segment-is-line", "input-cut-at-1k"),
    stalled=("large",),
)
