"""chat: the syntax of lines, and lines that must not be delayed (SPEC 12.17 to 12.25)."""

from __future__ import annotations

import secrets

from ..clients.peer import Peer
from ..scenario.session import Session
from .chat_member import (
    beside,
    chat,
    company,
    enter,
    hears,
    hears_join,
    hears_leave,
    new_channel,
    new_name,
    when_free,
)
from .commands import LONGEST, ask, ask_in_vain, peek_line

#: Lines sent at once while a member does not read, and the number of rounds: together more than
#: a socket's buffers can hold (Linux: 4 MiB to send).
AT_ONCE, ROUNDS = 16, 90

#: The bytes of a line for the command and the channel, whatever the service's words are.
ROOM = 256


@chat.must(
    "any-case",
    "12.17",
    "Keywords are accepted in upper, lower and mixed case.",
    "SPEC 12.17",
    needs=(
        "say",
        "part",
    ),
)
def any_case(session: Session) -> None:
    channel = new_channel()
    witness = beside(session, channel)
    peer, name = session.join(), new_name()
    ask(peer, b"login " + name + b" secret", b"OK")
    ask(peer, b"Join " + channel, b"OK")
    hears_join(witness, name, channel)
    ask(peer, b"sAY " + channel + b" Hello", b"OK")
    hears(witness, channel, name, b"Hello")
    ask(peer, b"parT " + channel, b"OK")
    hears_leave(witness, name, channel)
    ask(peer, b"quit", b"BYE")


@chat.must(
    "errors",
    "12.18",
    "Anything else is answered by ERROR and a reason, and the connection goes on.",
    "SPEC 12.18",
    needs=("login",),
    unless=("join", "say"),
)
def errors(session: Session) -> None:
    channel = new_channel()
    peer = session.join()
    for nonsense in (b"frobnicate", b"", b"LOGIN", b"LOGIN " + new_name(), b"HELO there"):
        ask_in_vain(peer, nonsense)
    ask(peer, b"LOGIN " + new_name() + b" secret", b"OK")
    ask(peer, b"JOIN " + channel, b"OK")
    for nonsense in (b"frobnicate", b"", b"JOIN", b"PART", b"SAY", b"SAY " + channel):
        ask_in_vain(peer, nonsense)
    ask_in_vain(peer, b"SAY " + channel + b" ")
    ask(peer, b"SAY " + channel + b" still here", b"OK")


@chat.must(
    "names",
    "12.19",
    "Names and channels are 1 to 32 characters of A-Z a-z 0-9 _ and -.",
    "SPEC 12.19",
    needs=("part",),
)
def names(session: Session) -> None:
    peer, token = session.join(), secrets.token_hex(8).encode()
    for bad in (b"", b"a.b", b"a#b", b"a*", b"<a>", "é".encode(), (token * 3)[:33]):
        ask_in_vain(peer, b"LOGIN " + bad + b" secret")
    longest = b"AZ_az-09" + token + b"-_-_-_-_"
    ask(peer, b"LOGIN " + longest + b" secret", b"OK")
    for bad in (b"", b"#", token, b"#a.b", b"##", "#é".encode(), b"#" + (token * 3)[:33]):
        ask_in_vain(peer, b"JOIN " + bad)
    # The contract does not say whether the # counts.
    channel = b"#" + longest[:31]
    ask(peer, b"JOIN " + channel, b"OK")
    witness: Peer | None = None
    if not session.one_at_a_time:
        witness, other = enter(session, channel)
        hears_join(peer, other, channel)
    ask(peer, b"PART " + channel, b"OK")
    hears_leave(witness, longest, channel)


@chat.must(
    "long",
    "12.20",
    f"Lines of up to {LONGEST} bytes are accepted; a longer one gets one ERROR line too long.",
    "SPEC 12.20",
    needs=("say",),
    unless=("crlf", "segments"),
)
def long(session: Session) -> None:
    channel = new_channel()
    first, one, second, _ = company(session, channel)
    command = b"SAY " + channel + b" "
    text = session.some_words(LONGEST - len(command) - 1).replace(b" ", b"_") + b"."
    for end in (b"", b"\r"):
        ask(first, command + text + end, b"OK")
        hears(second, channel, one, text)
    for more in (1, 2, 4096, 200_000):
        line = command + text + b"x" * more + b"\n"
        first.exchange(line, b"ERROR line too long\n", "the answer to a line too long")
        ask(first, command + b"%d" % more, b"OK")
        hears(second, channel, one, b"%d" % more)


@chat.must(
    "order",
    "12.21",
    "One sender's messages keep their order.",
    "SPEC 12.21",
    needs=("say",),
    line=("together",),
)
def order(session: Session) -> None:
    channel = new_channel()
    first, one, second, _ = company(session, channel)
    texts = [b"number %d" % number for number in range(200)]
    first.send(b"".join(b"SAY " + channel + b" " + text + b"\n" for text in texts))
    first.expect(b"OK\n" * len(texts), "the answers to SAY")
    for text in texts:
        hears(second, channel, one, text)


@chat.must(
    "in-order",
    "12.26",
    "Answers come in the order of their commands, however many are sent at once.",
    "SPEC 12.26",
    unless=("second-login", "join-again", "part", "say", "not-in-channel", "join"),
    line=("together",),
)
def in_order(session: Session) -> None:
    channel, other = new_channel(), new_channel()
    peer, _ = enter(session, channel)
    talk = [
        (b"SAY " + channel + b" hello", b"OK"),
        (b"SAY " + other + b" hello", b"ERROR not in channel"),
        (b"LOGIN " + new_name() + b" secret", b"ERROR already logged in"),
        (b"JOIN " + other, b"OK"),
        (b"JOIN " + channel, b"OK"),
        (b"PART " + other, b"OK"),
        (b"PART " + other, b"ERROR not in channel"),
    ] * 40
    peer.send(b"".join(command + b"\n" for command, _ in talk))
    answers = b"".join(answer + b"\n" for _, answer in talk)
    peer.expect(answers, "the answers in the order of the commands")


@chat.must(
    "stalled-member",
    "12.22",
    "A member that stops reading does not hold up the others.",
    "SPEC 12.22",
    needs=("say",),
    unless=("long",),
)
def stalled_member(session: Session) -> None:
    channel = new_channel()
    first, one, second, _ = company(session, channel)
    stalled, slow = session.join("stalled", receive_buffer=16 * 1024), new_name()
    ask(stalled, b"LOGIN " + slow + b" secret", b"OK")
    ask(stalled, b"JOIN " + channel, b"OK")
    for peer in (first, second):
        hears_join(peer, slow, channel)
    # It is not judged whether a member that does not read is disconnected in the end.
    gone = b"* " + slow + b" left " + channel + b"\n"
    command = b"SAY " + channel + b" "
    text = b"x" * (LONGEST - ROOM)
    for _ in range(ROUNDS):
        first.send((command + text + b"\n") * AT_ONCE)
        for _ in range(AT_ONCE):
            _skip(first, gone)
            first.expect(b"OK\n", "the answer to SAY, although another member does not read,")
            _skip(second, gone)
            hears(second, channel, one, text)


def _skip(peer: Peer, line: bytes) -> None:
    worded = peer.conduct.peek(line)
    if peek_line(peer) == worded:
        del peer.pending[: len(worded)]


@chat.must(
    "segments",
    "12.23",
    "A command that arrives in several segments is one command.",
    "RFC 9293",
    needs=("say",),
)
def segments(session: Session) -> None:
    channel = new_channel()
    first, one, second, _ = company(session, channel)
    command = first.conduct.sent(b"SAY " + channel + b" cut to pieces\n")
    first.send_raw(command[:9])
    # The barrier: the server reads the first part separately.
    session.next_client_is_served()
    for at in range(9, len(command)):
        first.send_raw(command[at : at + 1])
    first.expect(b"OK\n", "the answer to SAY")
    hears(second, channel, one, b"cut to pieces")


@chat.must(
    "crlf",
    "12.24",
    "A line may end in CR LF, and answers end in LF.",
    "SPEC 1",
    needs=(
        "say",
        "quit-parts",
    ),
    line=("together",),
)
def crlf(session: Session) -> None:
    channel = new_channel()
    witness = beside(session, channel)
    peer, name = session.join(), new_name()
    ask(peer, b"LOGIN " + name + b" secret\r", b"OK")
    ask(peer, b"JOIN " + channel + b"\r", b"OK")
    hears_join(witness, name, channel)
    ask(peer, b"SAY " + channel + b" hello\r", b"OK")
    hears(witness, channel, name, b"hello")
    ask(peer, b"QUIT\r", b"BYE")
    hears_leave(witness, name, channel)
    when_free(session, session.join(), name, b"secret")


@chat.must(
    "terminal",
    "12.25",
    "A person on a terminal talks to another member.",
    "SPEC 12.25",
    needs=(
        "say",
        "quit-parts",
    ),
)
def terminal(session: Session) -> None:
    channel, name = new_channel(), new_name()
    other, its_name = enter(session, channel)
    person = session.terminal()
    person.type_line(b"LOGIN " + name + b" secret")
    person.see(b"OK\n", "the answer to LOGIN")
    person.type_line(b"JOIN " + channel)
    person.see(b"OK\n", "the answer to JOIN")
    hears_join(other, name, channel)
    person.type_line(b"SAY " + channel + b" hello")
    person.see(b"OK\n", "the answer to SAY")
    hears(other, channel, name, b"hello")
    ask(other, b"SAY " + channel + b" hello yourself", b"OK")
    person.see(channel + b" <" + its_name + b"> hello yourself\n", "the message")
    person.type_line(b"QUIT")
    person.see(b"BYE\n", "the answer to QUIT")
    person.see_the_end()
    hears_leave(other, name, channel)
