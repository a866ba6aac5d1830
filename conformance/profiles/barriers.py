"""What must not come: proved by what follows, and blamed on one clause only."""

from __future__ import annotations

from contextlib import suppress

from ..outcome import Violation
from ..wire import DATA, Peer
from .concurrency import MOMENT


def nothing_more_first(peer: Peer, question: bytes, answer: bytes) -> None:
    """Between the greeting and the answer to a question nothing comes.

    What is wrong with the answer itself, or that there is none, is another clause's affair.

    Raises Violation.
    """
    peer.send(question)
    received = bytearray(peer.take())
    patience = peer.deadline
    while not received.endswith(answer) and peer.poll(patience) == DATA:
        received += peer.take()
        patience = MOMENT
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


def nothing_more(peer: Peer) -> None:
    """After the answer nothing comes but an end; which one is another clause's affair.

    Raises Violation.
    """
    with suppress(Violation):
        peer.send_eof()
    while not peer.ended and not peer.pending and peer.poll(MOMENT) == DATA:
        pass
    if peer.pending:
        peer.expect_eof("the end, directly after the answer,")
