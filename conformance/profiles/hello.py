"""hello (SPEC 8): any input is answered by the same sentence.

The server may choose how often: per read or per line. So the answer must be one or more complete
replies, and input ends in a newline if a reply is awaited.
"""

from __future__ import annotations

from contextlib import suppress

from ..clients.peer import DATA, Peer
from ..core.settings import answers_once
from ..core.verdict import Violation
from ..scenario.session import Session
from .barriers import others_come_and_go
from .common import (
    FLOODS,
    PENDING,
    Flood,
    end,
    every_stream_service,
    in_rounds,
    other_than_leave,
    settle,
)
from .concurrency import UNJUDGED_WAIT
from .hello_session import finish, hello, take_replies

__all__ = ["hello"]

LARGE = 1024 * 1024


def hears_reply(session: Session, peer: Peer) -> None:
    """Await the reply; another clause (8.5) judges further data. Raises Violation."""
    reply, received = session.parameters["reply"], bytearray(peer.take())
    patience = peer.deadline
    while reply not in received and peer.poll(patience) == DATA:
        received += peer.take()
        patience = min(peer.deadline, UNJUDGED_WAIT)
    peer.answered = peer.answered or reply in received
    if reply not in received:
        peer.pending[:0] = received
        peer.expect(reply, "the reply")


@hello.must(
    "reply", "8.1", "What is received is answered by the reply.", "SPEC 8.1", needs=("next-client",)
)
def reply_(session: Session) -> None:
    peer = session.join()
    peer.send(b"Hello server\n")
    hears_reply(session, peer)


@hello.must(
    "unfinished",
    "8.11",
    "What does not end in a newline is answered at the latest after the client's FIN.",
    "SPEC 8.11; RFC 9293 3.6 (half-close)",
    unless=("half-sent",),
)
def unfinished(session: Session) -> None:
    # A server that replies per line replies to an unfinished line at the end.
    peer = session.join()
    peer.send(b"no newline")
    peer.send_eof()
    take_replies(session, peer, until_end=True)


@hello.must(
    "unfinished-apart",
    "8.13",
    "An unfinished line is answered to the client that sent it, whatever others send meanwhile.",
    "SPEC 8.11, 8.9",
    needs=("concurrent", "unfinished"),
    unless=("isolation",),
    hint="keep an unfinished line with its connection, not in one buffer for all",
)
def unfinished_apart(session: Session) -> None:
    peer, other = session.join(), session.join()
    peer.send(b"no newline")
    # The other client's line follows the unfinished one.
    session.serve(other)
    peer.send_eof()
    take_replies(session, peer, until_end=True)


@hello.must(
    "again",
    "8.2",
    "Input that comes after a reply is answered as well.",
    "SPEC 8.2",
    needs=("reply",),
)
def again(session: Session) -> None:
    peer = session.join()
    for number in range(3):
        peer.send(b"line %d\n" % number)
        hears_reply(session, peer)


@hello.must(
    "nothing-first", "8.3", "Nothing is sent before input.", "SPEC 8.3", needs=("concurrent",)
)
def nothing_first(session: Session) -> None:
    peer = session.join()
    # The barrier, without input: anything that the server sends on connect has been sent by now.
    others_come_and_go(session)
    peer.expect_nothing_yet("a reply to input that has not been sent")
    peer.send(b"now\n")
    take_replies(session, peer)


@hello.must(
    "no-input",
    "8.4",
    "A client that sends FIN and no byte gets FIN and no byte.",
    "SPEC 8.4",
    unless=("nothing-first",),
)
def no_input(session: Session) -> None:
    peer = session.join()
    peer.send_eof()
    peer.expect_eof("the server's FIN, with nothing before it,")


@hello.must(
    "whole",
    "8.5",
    "Nothing but whole replies is sent, whatever the input is.",
    "SPEC 8.5",
    needs=("again",),
    line=("together",),
)
def whole_(session: Session) -> None:
    once = answers_once(session.parameters)
    # A server that reads only once may not read a long line to its end.
    long = b"x" * (200 if once else 3000) + b"\n"
    lines = b"\n", b"quit\n", b"help\n", b"{n} %s\n", "é漢\n".encode(), long
    for peer, line in in_rounds(session, other_than_leave(session, *lines)):
        peer.send(line)
        take_replies(session, peer, until_end=once)
    if once:
        return
    if session.parameters["leave"]:
        end(session, peer)
        return
    # Another clause (8.8) judges the end.
    with suppress(Violation):
        peer.send_eof()
    while not peer.ended and peer.poll(session.deadline) == DATA:
        pass
    take_replies(session, peer, at_least=0)


@hello.must(
    "segments",
    "8.6",
    "However the input is cut into segments, it is answered by whole replies.",
    "RFC 9293 (TCP is a stream of bytes)",
    needs=(
        "concurrent",
        "again",
    ),
)
def segments(session: Session) -> None:
    peer = session.join()
    line = b"cut into single bytes\n"
    peer.send(line[:1])
    # The barrier: the server reads the first byte separately.
    session.next_client_is_served()
    peer.send_segments(line[at : at + 1] for at in range(1, len(line)))
    take_replies(session, peer)
    finish(session, peer)


@hello.must(
    "large",
    "8.7",
    "More input than any socket buffer holds is answered.",
    "SPEC 8.1",
    needs=(
        "again",
        "ends-fin",
    ),
)
def large(session: Session) -> None:
    peer = session.join()
    line = session.some_words(1000) + b"\n"
    for _ in range(LARGE // len(line) // 16):
        # Read the answers at once: writing alone would block both sides.
        peer.send(line * 16)
        take_replies(session, peer, at_least=0)
    finish(session, peer)


@hello.must(
    "pending",
    "8.12",
    "Replies that are pending at the client's FIN all come, then FIN.",
    "SPEC 8.12; RFC 9293 3.6 (half-close)",
    needs=("ends-fin", "large"),
    unless=("half-sent",),
    once=True,
)
def pending(session: Session) -> None:
    # The server may choose how often it replies: ten lines that come together show it.
    peer, reply = session.join(), session.parameters["reply"]
    peer.send((b"x" * 199 + b"\n") * 10)
    peer.send_eof()
    for_each_line = peer.read_to_end() == reply * 10
    for send in FLOODS:
        _replies_pending(session, send, for_each_line)


def _replies_pending(session: Session, send: Flood, for_each_line: bool) -> None:
    reply = session.parameters["reply"]
    peer = session.join(receive_buffer=256 * 1024)
    line = peer.conduct.sent(b"x" * 63 + b"\n")
    taken = send(session, peer, line * 1024, PENDING)
    peer.send_eof()
    settle(session, peer)
    received = bytearray()
    while peer.ended is None and peer.poll(peer.deadline) == DATA:
        received += peer.take()
    received += peer.take()
    came, rest = divmod(len(received), len(reply))
    least = taken // len(line) if for_each_line else 1
    if rest or came < least or received != reply * came:
        raise Violation(
            "ended-early",
            f"{came} of at least {least} replies that were due at the client's FIN arrived whole",
            expected=reply,
            received=bytes(received[came * len(reply) :]),
            offset=0,
            client=peer.name,
            hint="send what is still in your own buffer before you close",
        )
    peer.expect_eof()


@hello.must(
    "ends-fin",
    "8.8",
    "FIN is answered by FIN, after all pending data.",
    "RFC 9293 3.6",
    needs=("whole",),
)
def ends_fin(session: Session) -> None:
    peer = session.join()
    peer.send(b"a line and the end\n")
    peer.send_eof()
    take_replies(session, peer, until_end=True)


@hello.must(
    "isolation",
    "8.9",
    "Only the client that asked is answered.",
    "SPEC 8.9",
    needs=(
        "again",
        "concurrent",
        "nothing-first",
    ),
)
def isolation(session: Session) -> None:
    silent = session.join()
    for talking, line in in_rounds(session, [b"to me alone\n"] * 3):
        talking.send(line)
        take_replies(session, talking)
    if not answers_once(session.parameters):
        session.serve(talking)
    silent.expect_nothing_yet("a reply to input that has not been sent")
    session.serve(silent)


@hello.must("terminal", "8.10", "A person on a terminal sees the reply.", "SPEC 8.10")
def terminal(session: Session) -> None:
    person = session.terminal()
    # Only one line: over a link that delivers it byte by byte there may be a reply to each
    # byte, and text that is typed in the meantime would appear among them.
    person.type_line(b"Hello server")
    person.see(session.parameters["reply"], "the reply")


every_stream_service(hello)
