"""quit's small session, and the profile itself.

A server may answer per read or per line, so the token may follow each part.
"""

from __future__ import annotations

from contextlib import suppress

from ..clients.peer import Peer
from ..core.verdict import Violation
from ..scenario.flooding import jam
from ..scenario.profile import StreamProfile
from ..scenario.session import Session
from .answer import Answer, take
from .settings import settings_of


def converse(session: Session, peer: Peer, *parts: bytes) -> None:
    """Send a text in parts and read its answer, up to a token at its end.

    Between two parts another client is served, so that the server reads each part separately.
    """
    answer = Answer(b"".join(parts).decode(), session.parameters["token"])
    for number, part in enumerate(parts):
        if number:
            session.next_client_is_served()
        peer.send(part)
    take(peer, answer)


def only_the_answer(session: Session, text: bytes) -> None:
    """Send one line and await its answer, wherever the tokens are, and whatever follows."""
    peer = session.join()
    peer.send(text)
    take(peer, Answer(text.decode(), session.parameters["token"], anywhere=True))
    peer.leave(0.0)


def open_(session: Session, peer: Peer) -> None:
    """Read the greeting."""
    peer.expect(session.parameters["greeting"], "the greeting")


def serve(session: Session, peer: Peer) -> None:
    """Send a line, await its answer and the token; send FIN, await FIN."""
    converse(session, peer, words(session, 16) + b"\n")
    peer.send_eof()
    peer.expect_eof()


def stall(session: Session, peer: Peer) -> None:
    """Send much data and read nothing."""
    jam(session, peer, (words(session, 63) + b"\n") * 256)


def words(session: Session, size: int) -> bytes:
    """Return text in both cases that contains no letter of the token."""
    return session.some_words(size, without=session.parameters["token"])


quit_ = StreamProfile(
    "quit",
    title="upper-case answers and a token on which the client leaves",
    settings=settings_of("quit"),
    parameters={"greeting": b"Hello from the server!\n", "token": b"QUIT"},
    first_input=b"ready\n",
    half_input=b"half a line",
    open=open_,
    serve=serve,
    stall=stall,
    base=("ends-fin",),
    apart=("isolation",),
)


def answers(session: Session, question: bytes, received: bytearray, at: int) -> bool:
    """Return whether the received data contains the whole answer from this offset on."""
    answer = Answer(question.decode(), session.parameters["token"], anywhere=True)
    with suppress(Violation):
        answer.feed(bytes(received[at:]))
    return answer.complete
