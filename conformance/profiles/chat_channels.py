"""chat: channels, and who gets which messages (SPEC 12.6 to 12.16)."""

from __future__ import annotations

from collections.abc import Callable

from ..clients.peer import Peer
from ..scenario.requirement import ABORTABLE
from ..scenario.session import Session
from .chat_member import (
    beside,
    chat,
    company,
    enter,
    hears,
    hears_join,
    hears_leave,
    hears_nothing,
    leave,
    new_channel,
    when_free,
)
from .commands import ask, peek_line


@chat.must(
    "join",
    "12.6",
    "JOIN is answered by OK, and the other members are told.",
    "SPEC 12.6",
    needs=("concurrent",),
    unless=("not-in-channel",),
)
def join(session: Session) -> None:
    channel = new_channel()
    members: list[Peer] = []
    for _ in range(3):
        newcomer, name = enter(session, channel)
        for member in members:
            hears_join(member, name, channel)
        members.append(newcomer)
    # The member that joined last gets no notice.
    hears_nothing(members[-1])


@chat.must(
    "join-again",
    "12.7",
    "A second JOIN of one channel is answered by OK, and the members get no notice.",
    "SPEC 12.7",
    needs=("part",),
)
def join_again(session: Session) -> None:
    channel = new_channel()
    first, _, second, two = company(session, channel)
    ask(second, b"JOIN " + channel, b"OK")
    ask(second, b"SAY " + channel + b" once", b"OK")
    hears(first, channel, two, b"once")
    hears_nothing(first)
    ask(second, b"PART " + channel, b"OK")
    hears_leave(first, two, channel)
    ask(second, b"PART " + channel, b"ERROR not in channel")


@chat.must(
    "part",
    "12.8",
    "PART is answered by OK, the others are told, and no more messages come.",
    "SPEC 12.8",
    needs=("join",),
    unless=("members-only", "say"),
)
def part(session: Session) -> None:
    channel, other = new_channel(), new_channel()
    first, one, second, two = company(session, channel)
    for peer in (first, second):
        ask(peer, b"JOIN " + other, b"OK")
    hears_join(first, two, other)
    ask(second, b"PART " + channel, b"OK")
    hears_leave(first, two, channel)
    # The client is still in the other channel, and can send and receive there.
    ask(second, b"SAY " + other + b" still here", b"OK")
    hears(first, other, two, b"still here")
    ask(first, b"SAY " + other + b" I see", b"OK")
    hears(second, other, one, b"I see")
    ask(first, b"SAY " + channel + b" alone", b"OK")
    hears_nothing(second)
    ask(second, b"JOIN " + channel, b"OK")
    hears_join(first, two, channel)
    ask(first, b"SAY " + channel + b" again", b"OK")
    hears(second, channel, one, b"again")


@chat.must(
    "say",
    "12.9",
    "SAY is answered by OK, and every other member gets the message.",
    "SPEC 12.9",
    needs=("join",),
)
def say(session: Session) -> None:
    channel = new_channel()
    first, one, second, two = company(session, channel)
    third, three = enter(session, channel)
    hears_join(first, three, channel)
    hears_join(second, three, channel)
    talk = ((first, one), (second, two), (third, three))
    for number, (speaker, name) in enumerate(talk):
        text = b"message %d" % number
        ask(speaker, b"SAY " + channel + b" " + text, b"OK")
        for listener, other in talk:
            if other != name:
                hears(listener, channel, name, text)
    for listener, _ in talk:
        hears_nothing(listener)


@chat.must(
    "members-only",
    "12.10",
    "A client that is not in a channel gets none of its messages.",
    "SPEC 12.10",
    needs=("say",),
    unless=("not-logged-in",),
)
def members_only(session: Session) -> None:
    channel, other = new_channel(), new_channel()
    first, one, second, _ = company(session, channel)
    outsider, _ = enter(session, other)
    stranger = session.join()
    ask(first, b"SAY " + channel + b" among us", b"OK")
    hears(second, channel, one, b"among us")
    ask(outsider, b"SAY " + channel + b" and you?", b"ERROR not in channel")
    for peer in (first, second, outsider):
        hears_nothing(peer)
    ask(stranger, b"JOIN " + channel, b"ERROR not logged in")


@chat.must(
    "not-in-channel",
    "12.11",
    "SAY and PART without a JOIN are answered by ERROR not in channel.",
    "SPEC 12.11",
    needs=("concurrent",),
)
def not_in_channel(session: Session) -> None:
    channel = new_channel()
    beside(session, channel)
    # Another clause (12.10) requires that the members get nothing.
    peer, _ = enter(session)
    for other in (channel, new_channel()):
        ask(peer, b"SAY " + other + b" hello", b"ERROR not in channel")
        ask(peer, b"PART " + other, b"ERROR not in channel")


@chat.must(
    "verbatim", "12.12", "The text of a message is kept as it is.", "SPEC 12.12", needs=("say",)
)
def verbatim(session: Session) -> None:
    channel = new_channel()
    first, one, second, _ = company(session, channel)
    for text in (
        b"two  spaces and one after ",
        b" one before",
        "é漢😀".encode(),
        b"* nobody joined " + channel,
        channel + b" <nobody> QUIT",
        b"a\ttab, %s %n \\n \"quoted\" 'twice' <b>&amp;</b>",
        b".",
    ):
        ask(first, b"SAY " + channel + b" " + text, b"OK")
        hears(second, channel, one, text)


@chat.must(
    "quit",
    "12.13",
    "QUIT, before LOGIN too, is answered by BYE, then FIN.",
    "SPEC 12.13",
    needs=("login",),
)
def quit_(session: Session) -> None:
    leave(session.join())
    peer, _ = enter(session)
    leave(peer)


@chat.must(
    "quit-parts",
    "12.14",
    "QUIT leaves all channels and frees the name.",
    "SPEC 12.14",
    needs=("join",),
    unless=("part",),
)
def quit_parts(session: Session) -> None:
    _is_parted_from_all(session, leave)


@chat.must(
    "lost-by-fin",
    "12.15",
    "A connection lost by FIN leaves all its channels and frees the name.",
    "SPEC 12.15",
    needs=("quit-parts",),
    half_close=True,
)
def lost_by_fin(session: Session) -> None:
    _is_parted_from_all(session, Peer.send_eof)


@chat.must(
    "lost-by-reset",
    "12.16",
    "A connection lost by RST leaves all its channels and frees the name.",
    "SPEC 12.16",
    transports=ABORTABLE,
    needs=(
        "quit-parts",
        "reset-at-once",
    ),
    unless=("lost-by-fin",),
)
def lost_by_reset(session: Session) -> None:
    _is_parted_from_all(session, Peer.reset)


def _is_parted_from_all(session: Session, go: Callable[[Peer], None]) -> None:
    channels = [new_channel(), new_channel()]
    witness = beside(session, *channels)
    peer, name = enter(session, *channels)
    for channel in channels:
        hears_join(witness, name, channel)
    go(peer)
    # The server may choose the order in which the client leaves the channels.
    last = b"* " + name + b" left " + channels[1] + b"\n"
    if witness and peek_line(witness) == witness.conduct.peek(last):
        channels.reverse()
    for channel in channels:
        hears_leave(witness, name, channel)
    hears_nothing(witness)
    again = session.join()
    when_free(session, again, name, b"secret")
    ask(again, b"SAY " + channels[0] + b" hello", b"ERROR not in channel")
