"""Check that nothing comes: proved by what follows, and reported as a fault of only one clause."""

from __future__ import annotations

import time
from contextlib import suppress

from ..clients.peer import DATA, Peer
from ..core.verdict import Violation
from ..scenario.session import Session
from .concurrency import UNJUDGED_WAIT

#: Seconds for a server's actions after an accept or a read.
INSTANT = 0.02


def nothing_more_first(peer: Peer, question: bytes, answer: bytes) -> None:
    """Check that nothing comes between the greeting and the answer to a question.

    Another clause judges the answer itself, and whether there is one.

    Raises Violation.
    """
    peer.send(question)
    answer = peer.conduct.peek(answer)
    received = bytearray(peer.take())
    patience = peer.deadline
    while not received.endswith(answer) and peer.poll(patience) == DATA:
        received += peer.take()
        patience = UNJUDGED_WAIT
    if received.endswith(answer) and not received.startswith(answer):
        raise Violation(
            "wrong-bytes",
            "bytes came that are neither the greeting nor the answer to what was sent",
            expected=answer,
            received=bytes(received),
            offset=0,
            awaited="the answer, directly after the greeting,",
            client=peer.name,
        )


def nothing_more(peer: Peer, patience: float = UNJUDGED_WAIT) -> None:
    """Check that only an end follows the answer; another clause judges which one.

    Arguments:
        patience: seconds to wait for each further event; without one, nothing more comes.
    Raises Violation.
    """
    with suppress(Violation):
        peer.send_eof()
    while not peer.ended and not peer.pending and peer.poll(patience) == DATA:
        pass
    if peer.pending:
        peer.expect_eof("the end, directly after the answer,")


def others_come_and_go(session: Session) -> None:
    """Wait until the server has handled earlier input: connect a silent client, and close it.

    It is not judged what that client gets, nor when.
    """
    session.let_accept()
    session.connect().leave(min(session.deadline, UNJUDGED_WAIT))


def taken_in(session: Session, peer: Peer) -> None:
    """Wait until the server has accepted a client and read its data, as far as can be known.

    No verdict depends on it, only which clause reports a fault.
    """
    others_come_and_go(session)
    peer.await_read(time.monotonic() + UNJUDGED_WAIT)
    peer.receive(INSTANT)
