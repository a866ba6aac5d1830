"""IRC between a client and a server: registration, channels, messages (RFC 2812, RFC 1459).

Registration and connections are here, channels in irc_channels.py, messages in irc_messages.py.
Where RFC 2812 leaves something open or is outdated, the clauses cite the document that describes
today's servers: https://modern.ircdocs.horse ("modern").
"""

from __future__ import annotations

from contextlib import suppress

from irc_channels import declare_channels
from irc_messages import declare_messages
from irc_user import User, meet, new_channel, new_nick, on_channel, user, users
from pync_conformance.api import (
    TCP,
    TCP6,
    TLS,
    UNIX,
    Peer,
    Session,
    StreamProfile,
    Violation,
    every_stream_service,
)

#: Bytes of requests whose answers are not read, and seconds without progress that end them.
FLOOD, QUIET = 4 * 1024 * 1024, 0.2

#: Seconds in which a server reads what has come; no verdict depends on it.
A_TURN = 0.05


def open_(session: Session, peer: Peer) -> None:
    """Register."""
    User(peer).register()


def serve(session: Session, peer: Peer) -> None:
    """Send PING, and leave by QUIT."""
    one = User(peer)
    one.hears_nothing_else()
    one.quit()


def stall(session: Session, peer: Peer) -> None:
    """Request the message of the day repeatedly, and read nothing."""
    # A server may end such a connection.
    with suppress(Violation):
        peer.flood(b"MOTD\r\n" * 1000, FLOOD, QUIET)


irc = StreamProfile(
    "irc",
    title="an IRC server: registration, channels and messages (RFC 2812)",
    spec="IRC",
    parameters={},
    first_input=b"QUIT\r\n",
    half_input=b"PRIVMSG #nowhere :half a mess",
    open=open_,
    serve=serve,
    stall=stall,
    transports=(TCP, TCP6, UNIX, TLS),
    chatter=b"\r\n",
    base=("register", "ping", "quit"),
    apart=("apart",),
    unheard=("empty-lines",),
    leavers=("left-unsaid",),
)


@irc.must(
    "register",
    "RFC 2812 5.1",
    "After NICK and USER the server sends 001 to 004, in this order.",
    needs=("next-client",),
)
def register(session: Session) -> None:
    User(session.connect()).register()


@irc.must(
    "ping",
    "RFC 2812 3.7.2",
    "PING is answered by PONG with the same token (modern: PING).",
    needs=("register",),
)
def ping(session: Session) -> None:
    one = user(session)
    for token in (b"abc", b"two words : and a colon", "\u00e4\u20ac\U0001f600".encode()):
        one.say(b"PING :" + token)
        one.has_pong(token)
    one.hears_nothing_else()


@irc.must(
    "quit",
    "RFC 2812 3.1.7",
    "QUIT is confirmed by ERROR, and the server ends the connection.",
    needs=("register",),
)
def quit_(session: Session) -> None:
    session.serve(session.join())


@irc.must("welcome", "RFC 2812 3.1", "001 has the client's full identifier, nick!user@host.")
def welcome(session: Session) -> None:
    one = User(session.connect())
    text = one.register()[0].params[-1]
    if one.nick + b"!" not in text or b"@" not in text.partition(b"!")[2]:
        raise one.peer.violation("no-identifier", f"001 says {text.decode(errors='replace')!r}")


@irc.must(
    "isupport",
    "modern RPL_ISUPPORT",
    "005 names the CASEMAPPING (modern: Client-to-Server Protocol Structure).",
)
def isupport(session: Session) -> None:
    one = User(session.connect())
    said = one.register()
    tokens = [token for message in said if message.command == b"005" for token in message.params]
    if not any(token.startswith(b"CASEMAPPING=") for token in tokens):
        raise one.peer.violation("no-casemapping", "no 005 has CASEMAPPING")


@irc.must("user-first", "RFC 2812 3.1", "USER may come before NICK.")
def user_first(session: Session) -> None:
    one = User(session.connect())
    one.say(b"USER judge 0 * :The judge")
    one.say(b"NICK " + one.nick)
    one.is_welcome()


@irc.must("segments", "RFC 2812 2.3", "A message may come byte by byte, and two in one piece.")
def segments(session: Session) -> None:
    one = user(session)
    one.peer.send(b"PING :o")
    # The server may have read it by then, and has to wait for the rest.
    one.peer.poll(A_TURN)
    one.peer.expect_nothing_yet("the rest of the message")
    rest = b"ne\r\nPING :two\r\n"
    one.peer.send_segments(rest[at : at + 1] for at in range(len(rest)))
    one.has_pong(b"one")
    one.has_pong(b"two")
    one.say(b"PING :three", b"PING :four")
    one.has_pong(b"three")
    one.has_pong(b"four")


@irc.must("empty-lines", "RFC 2812 2.3.1", "Empty messages are ignored.")
def empty_lines(session: Session) -> None:
    one = user(session)
    one.say(b"", b"", b"PING :x", b"")
    one.has_pong(b"x")
    one.hears_nothing_else()


@irc.should("bare-lf", "modern 3.5", "LF alone ends a message too (modern: incorrect software).")
def bare_lf(session: Session) -> None:
    one = user(session)
    one.peer.send(b"PING :one\nPING :two\n")
    one.has_pong(b"one")
    one.has_pong(b"two")


@irc.must("not-registered", "RFC 2812 5.2", "Before the registration JOIN is answered by 451.")
def not_registered(session: Session) -> None:
    one = User(session.connect())
    one.say(b"JOIN " + new_channel())
    one.hears(b"451")
    one.register()
    one.hears_nothing_else()


@irc.must("nick-in-use", "RFC 2812 5.2", "A nickname that another user has is refused by 433.")
def nick_in_use(session: Session) -> None:
    first, second = user(session), User(session.connect())
    second.say(b"NICK " + first.nick, b"USER judge 0 * :The judge")
    second.hears(b"433", b"*", first.nick)
    second.say(b"NICK " + second.nick)
    second.is_welcome()
    first.hears_nothing_else()
    second.say(b"NICK " + first.nick)
    second.hears(b"433", second.nick, first.nick)


@irc.must(
    "nick-case",
    "RFC 2812 2.2",
    "A nickname in lower instead of upper case is the same nickname.",
    needs=("nick-in-use",),
)
def nick_case(session: Session) -> None:
    first, second = users(session, 2)
    second.say(b"NICK " + first.nick.upper())
    second.hears(b"433", second.nick, first.nick.upper())


@irc.must("bad-nick", "RFC 2812 5.2", "A nickname that cannot be one is refused by 432.")
def bad_nick(session: Session) -> None:
    one = user(session)
    for nick in (b"#channel", b"a!b", b"a@b"):
        one.say(b"NICK " + nick)
        one.hears(b"432", one.nick, nick)
    one.hears_nothing_else()


@irc.should("no-nick", "modern NICK", "NICK without a nickname is answered by 431.")
def no_nick(session: Session) -> None:
    one = user(session)
    one.say(b"NICK")
    one.hears(b"431", one.nick)


@irc.must("nick-change", "RFC 2812 3.1.2", "A new nickname is told to its user, from the old one.")
def nick_change(session: Session) -> None:
    one, new = user(session), new_nick()
    one.say(b"NICK " + new)
    one.hears(b"NICK", new, source=one.nick)
    one.hears_nothing_else()


@irc.must(
    "needs-parameters",
    "RFC 2812 5.2",
    "A command with too few parameters is answered by 461.",
)
def needs_parameters(session: Session) -> None:
    one = user(session)
    for command in (b"JOIN", b"PART", b"TOPIC", b"KICK #x", b"MODE"):
        one.say(command)
        one.hears(b"461", one.nick, command.split()[0])
    one.hears_nothing_else()


@irc.must("user-again", "RFC 2812 5.2", "USER after the registration is answered by 462.")
def user_again(session: Session) -> None:
    one = user(session)
    one.say(b"USER other 0 * :Another")
    one.hears(b"462", one.nick)
    one.hears_nothing_else()


@irc.must("no-origin", "RFC 2812 5.2", "PING without a token is answered by 409 (modern: or 461).")
def no_origin(session: Session) -> None:
    one = user(session)
    one.say(b"PING")
    message = one.next()
    if message.command not in (b"409", b"461"):
        raise one.peer.violation("no-409", f"{message.command.decode()} came, and not 409 or 461")
    one.hears_nothing_else()


@irc.must("unknown-command", "RFC 2812 5.2", "An unknown command is answered by 421.")
def unknown_command(session: Session) -> None:
    one = user(session)
    one.say(b"BREW tea")
    one.hears(b"421", one.nick, b"BREW")
    one.hears_nothing_else()


@irc.must(
    "quit-told",
    "RFC 2812 3.1.7",
    "Those on a channel are told who has quit, with the reason, once.",
    needs=("join",),
)
def quit_told(session: Session) -> None:
    _, (one, other) = on_channel(session, 2)
    other.say(b"QUIT :gone to lunch")
    message = one.hears(b"QUIT", source=other.nick)
    if b"gone to lunch" not in message.params[0]:
        raise one.peer.violation("no-reason", f"the reason is {message.params[0]!r}")
    one.hears_nothing_else()


@irc.must(
    "left-unsaid",
    "RFC 1459 4.1.6",
    "Those on a channel are told when a connection has ended without QUIT.",
    needs=("join",),
)
def left_unsaid(session: Session) -> None:
    _, (one, other, third) = on_channel(session, 3)
    other.peer.close()
    one.hears(b"QUIT", source=other.nick)
    third.hears(b"QUIT", source=other.nick)
    third.peer.send_eof()
    one.hears(b"QUIT", source=third.nick)
    one.hears_nothing_else()


@irc.must("apart", "RFC 2812 3.2", "A user gets no messages about users on other channels.")
def apart(session: Session) -> None:
    bystander, one, other = users(session, 3)
    channel = meet(one, other)
    one.say(b"PRIVMSG " + channel + b" :among us", b"PART " + channel)
    other.hears(b"PRIVMSG", channel, b"among us", source=one.nick)
    other.hears(b"PART", channel, source=one.nick)
    other.quit()
    bystander.hears_nothing_else()


declare_channels(irc)
declare_messages(irc)
every_stream_service(irc)
