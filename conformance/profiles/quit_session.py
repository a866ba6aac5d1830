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
    """Send a text in parts and take its answer, up to a token at its end.

    Between two parts another client is served, so that the server reads each by itself.
    """
    answer = Answer(b"".join(parts).decode(), session.parameters["token"])
    for number, part in enumerate(parts):
        if number:
            session.next_client_is_served()
        peer.send(part)
    take(peer, answer)


def only_the_answer(session: Session, text: bytes) -> None:
    """A client's one line and its answer, wherever the tokens are, and whatever comes after it."""
    peer = session.join()
    peer.send(text)
    take(peer, Answer(text.decode(), session.parameters["token"], anywhere=True))
    peer.leave(0.0)


def open_(session: Session, peer: Peer) -> None:
    """Take the greeting."""
    peer.expect(session.parameters["greeting"], "the greeting")


def serve(session: Session, peer: Peer) -> None:
    """One line, its answer, the token, FIN both ways."""
    converse(session, peer, words(session, 16) + b"\n")
    peer.send_eof()
    peer.expect_eof()


def stall(session: Session, peer: Peer) -> None:
    """Send much and read nothing."""
    jam(session, peer, (words(session, 63) + b"\n") * 256)


def words(session: Session, size: int) -> bytes:
    """Text in both cases that holds no letter of the token."""
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
    """Whether what was received holds the whole answer from there on."""
    answer = Answer(question.decode(), session.parameters["token"], anywhere=True)
    with suppress(Violation):
        answer.feed(bytes(received[at:]))
    return answer.complete
