"""quit (SPEC 4): upper-case answers, each followed by a token at which the client leaves.

The answer without its tokens is compared, byte by byte as it comes, with the upper-case input.
No byte of the input occurs in the token.
"""

from __future__ import annotations

import re

from ..clients.peer import DATA
from ..core.conduct import Pattern
from ..core.transcript import first_difference
from ..core.verdict import Violation
from ..scenario.session import Session
from . import common
from .answer import Answer, take
from .barriers import nothing_more
from .common import FLOODS, PENDING, Flood, every_stream_service, settle
from .concurrency import UNJUDGED_WAIT
from .quit_session import answers, converse, only_the_answer, quit_, words

__all__ = ["quit_"]

#: Characters outside ASCII whose upper case is also one character; both forms are accepted.
NON_ASCII = "é ñ ü ж λ 漢 😀"

LARGE = 384 * 1024


@quit_.must(
    "greeting",
    "4.1",
    "On connect the server sends the greeting, and nothing else.",
    "SPEC 4.1",
    needs=("next-client",),
)
def greeting(session: Session) -> None:
    peer = session.join()
    # The barrier: the next data after the greeting is the answer.
    question = words(session, 4) + b"\n"
    peer.send(question)
    received = bytearray(peer.take())
    patience = peer.deadline
    while not answers(session, question, received, 0) and peer.poll(patience) == DATA:
        received += peer.take()
        patience = min(peer.deadline, UNJUDGED_WAIT)
    for at in range(1, len(received)):
        # Other clauses judge the answer itself, and a token in front of it.
        surplus = received[:at].replace(session.parameters["token"], b"") or b""
        if surplus and answers(session, question, received, at):
            raise Violation(
                "wrong-bytes",
                "bytes came that are neither the greeting nor the answer to what was sent",
                expected=question.upper(),
                received=bytes(received),
                offset=0,
                client=peer.name,
            )


@quit_.must(
    "upper",
    "4.2",
    "The answer is what was received with ASCII letters in upper case, and nothing else changed.",
    "SPEC 4.2",
    needs=("greeting",),
    line=("together",),
)
def upper(session: Session) -> None:
    barred = session.parameters["token"].lower() + session.parameters["token"].upper()
    every = bytes(byte for byte in range(0x20, 0x7F) if byte not in barred)
    only_the_answer(session, every + b"\n")
    # Runs of blanks and tabs, at both ends of a line and inside it.
    letters = bytes(byte for byte in b"abcdefghjklmnoprsvwxyz" if byte not in barred)[:6]
    for blanks in (b"  ", b"\t", b"\t\t", b" \t ", b"     "):
        gap = bytes(byte for byte in blanks if byte not in barred)
        only_the_answer(session, gap + gap.join([letters] * 3) + gap + b"\n")
    only_the_answer(session, words(session, 40) + b"\n")


@quit_.must(
    "token",
    "4.3",
    "The answer to input that has arrived ends in the token.",
    "SPEC 4.3",
    needs=("upper",),
)
def token(session: Session) -> None:
    peer = session.join()
    for number, size in enumerate((1, 2, 30)):
        # Another clause (4.4) judges a token before any input.
        text = words(session, size) + b"\n"
        answer = Answer(text.decode(), session.parameters["token"])
        answer.may_begin_with_token = not number
        peer.send(text)
        take(peer, answer)


@quit_.must(
    "token-after-input",
    "4.4",
    "The token comes only after input.",
    "SPEC 4.4",
    needs=("token",),
)
def token_after_input(session: Session) -> None:
    # Another clause (4.5) judges the end.
    nothing_more(session.join(), session.deadline)


@quit_.must(
    "ends-fin",
    "4.5",
    "The client sends FIN on the token; the server answers FIN.",
    "SPEC 4.5",
    needs=("token-after-input",),
)
def ends_fin(session: Session) -> None:
    peer = session.join()
    session.serve(peer)


@quit_.must(
    "unterminated-rest",
    "4.6",
    "An unterminated rest is answered before the server's FIN.",
    "SPEC 4.6; RFC 9293 3.6 (half-close)",
    unless=("half-sent",),
    half_close=True,
)
def unterminated_rest(session: Session) -> None:
    peer = session.join()
    converse(session, peer, words(session, 12) + b"\n")
    text = words(session, 9)
    answer = Answer(text.decode(), session.parameters["token"])
    peer.send(text)
    peer.send_eof()
    take(peer, answer, until_end=True)


@quit_.must(
    "utf8",
    "4.7",
    "UTF-8 text outside ASCII comes back unchanged or upper-cased, and valid.",
    "SPEC 4.7; RFC 3629",
    line=("together",),
)
def utf8(session: Session) -> None:
    peer = session.join()
    converse(session, peer, NON_ASCII.encode() + b"\n")


@quit_.should(
    "utf8-split",
    "4.8",
    "UTF-8 text comes back right although a letter is split over two segments.",
    "SPEC 4.8; RFC 3629",
    needs=("utf8", "concurrent", "large"),
    unless=("isolation",),
    line=("together",),
)
def utf8_split(session: Session) -> None:
    for letter in ("é", "漢", "😀"):
        data = letter.encode()
        for at in range(1, len(data)):
            peer = session.join()
            converse(session, peer, words(session, 2) + data[:at], data[at:] + b"\n")
    # Lines of 62 bytes: for any buffer size, the buffer soon ends within a character.
    peer = session.join()
    line = words(session, 1).decode().strip() or "-"
    converse(session, peer, (line + "漢" * 20 + "\n").encode() * 330)


@quit_.must(
    "large",
    "4.9",
    "More data than any socket buffer holds is answered, sent and read at once.",
    "SPEC 4.2",
)
def large(session: Session) -> None:
    peer = session.join()
    line = words(session, 63) + b"\n"
    answer = Answer((line * (LARGE // 64)).decode(), session.parameters["token"])
    for _ in range(LARGE // 4096):
        peer.send(line * 64)
        while peer.poll(0) == DATA:
            answer.feed(peer.take())
    take(peer, answer)


@quit_.must(
    "pending",
    "4.13",
    "Answers that are pending at the client's FIN all come, then FIN.",
    "SPEC 4.13; RFC 9293 3.6 (half-close)",
    needs=("ends-fin", "large", "unterminated-rest"),
    unless=("isolation", "half-sent"),
    once=True,
)
def pending(session: Session) -> None:
    for send in FLOODS:
        _answers_pending(session, send)


def _answers_pending(session: Session, send: Flood) -> None:
    peer = session.join(receive_buffer=256 * 1024)
    pattern = (words(session, 63) + b"\n") * 1024
    taken = send(session, peer, pattern, PENDING)
    peer.send_eof()
    settle(session, peer)
    whole, rest = divmod(taken, len(pattern))
    token_, expected = session.parameters["token"], pattern.upper() * whole
    expected += pattern[:rest].upper()
    received = bytearray()
    while peer.ended is None and peer.poll(peer.deadline) == DATA:
        received += peer.take()
    received += peer.take()
    answer = bytes(received).replace(token_, b"") if token_ else bytes(received)
    if answer != expected:
        at = first_difference(expected, answer)
        raise Violation(
            "wrong-bytes" if at < len(answer) else "ended-early",
            f"{at} of {len(expected)} bytes of answers that were due at the client's FIN arrived",
            expected=expected[at : at + 64],
            received=answer[at : at + 64],
            offset=0,
            client=peer.name,
            hint="send what is still in your own buffer before you close",
        )
    peer.expect_eof()


@quit_.must(
    "nothing-else",
    "4.10",
    "Nothing but greeting, answers and tokens is sent.",
    "SPEC 4.2",
    line=("together",),
)
def nothing_else(session: Session) -> None:
    peer = session.join()
    for size in (0, 1, 5):
        text = words(session, size) + b"\n"
        converse(session, peer, text)
    if session.parameters["leave"]:
        common.end(session, peer)
        return
    peer.send_eof()
    rest = peer.read_to_end().replace(session.parameters["token"], b"")
    if rest:
        raise Violation(
            "extra-bytes",
            "bytes came after the last token, which do not belong to an answer",
            expected=b"",
            received=rest,
            offset=0,
            client=peer.name,
        )


@quit_.must(
    "isolation",
    "4.11",
    "Clients never see one another's bytes.",
    "SPEC 4.11",
    needs=("concurrent",),
)
def isolation(session: Session) -> None:
    first, second = session.join(), session.join()
    one, two = words(session, 20) + b"\n", words(session, 30) + b"\n"
    token_ = session.parameters["token"]
    first.send(one)
    second.send(two)
    take(second, Answer(two.decode(), token_))
    take(first, Answer(one.decode(), token_))


def answer_in_parts(line: bytes, token: bytes) -> bytes:
    """Return a pattern for a line on a terminal: a token may follow each of its letters."""
    if not token:
        return line + b"\n"
    between = b"(?:%s)?" % re.escape(token)
    letters = (re.escape(line[at : at + 1]) for at in range(len(line)))
    return Pattern(between.join(letters) + between + b"\\n")


@quit_.must(
    "terminal",
    "4.12",
    "A person sees the greeting, the upper-cased line and the token.",
    "SPEC 4.12",
)
def terminal(session: Session) -> None:
    person = session.terminal()
    person.see(session.parameters["greeting"], "the greeting")
    line = words(session, 12).strip()
    person.type_line(line)
    person.see(answer_in_parts(line.upper(), session.parameters["token"]), "the answer")
    person.see(session.parameters["token"], "the token")
    if person.manners.half_closes:
        person.end_input()
        person.see_the_end()


every_stream_service(quit_)
