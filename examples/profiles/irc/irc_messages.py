"""Messages: to a channel, to a user, and to nobody."""

from __future__ import annotations

from irc_user import LONGEST, new_channel, new_nick, on_channel, user, users
from pync_conformance.api import Session, StreamProfile

#: The number of messages in a row; the server may read them in several parts.
MANY = 200


def declare_messages(irc: StreamProfile) -> None:
    """Declare the requirements on PRIVMSG and NOTICE."""

    @irc.must(
        "message",
        "RFC 2812 3.3.1",
        "PRIVMSG to a channel reaches each other one on it once, as it was sent.",
        needs=("join",),
    )
    def message(session: Session) -> None:
        channel, users = on_channel(session, 3)
        text = "one  two : three \u00e4\u20ac\U0001f600 \t\x01 end".encode()
        users[0].say(b"PRIVMSG " + channel + b" :" + text)
        for one in users[1:]:
            one.hears(b"PRIVMSG", channel, text, source=users[0].nick)
        for one in users:
            one.hears_nothing_else()

    @irc.must(
        "order",
        "RFC 1459 7.1",
        f"{MANY} messages reach the others in their order.",
        needs=("message",),
    )
    def order(session: Session) -> None:
        channel, (one, other) = on_channel(session, 2)
        texts = [b"%d %s" % (number, session.some_words(40)) for number in range(MANY)]
        for text in texts:
            one.say(b"PRIVMSG " + channel + b" :" + text)
        for text in texts:
            other.hears(b"PRIVMSG", channel, text, source=one.nick)
        other.hears_nothing_else()

    @irc.must("private", "RFC 2812 3.3.1", "PRIVMSG to a nickname reaches its user and no other.")
    def private(session: Session) -> None:
        one, other, third = users(session, 3)
        one.say(b"PRIVMSG " + other.nick + b" :for you: alone")
        other.hears(b"PRIVMSG", other.nick, b"for you: alone", source=one.nick)
        for hearer in (one, other, third):
            hearer.hears_nothing_else()

    @irc.must("no-such-nick", "RFC 2812 5.2", "PRIVMSG to nobody is answered by 401.")
    def no_such_nick(session: Session) -> None:
        one, nobody = user(session), new_nick()
        one.say(b"PRIVMSG " + nobody + b" :hello?")
        one.hears(b"401", one.nick, nobody)
        one.hears_nothing_else()

    @irc.should("no-recipient", "RFC 2812 5.2", "PRIVMSG without a recipient is answered by 411.")
    def no_recipient(session: Session) -> None:
        one = user(session)
        one.say(b"PRIVMSG")
        one.hears(b"411", one.nick)
        one.hears_nothing_else()

    @irc.should("no-text", "RFC 2812 5.2", "PRIVMSG without a text is answered by 412.")
    def no_text(session: Session) -> None:
        one = user(session)
        one.say(b"PRIVMSG " + one.nick)
        one.hears(b"412", one.nick)
        one.hears_nothing_else()

    @irc.must(
        "notice",
        "RFC 2812 3.3.2",
        "NOTICE reaches a user as PRIVMSG does.",
        needs=("private",),
    )
    def notice(session: Session) -> None:
        one, other = users(session, 2)
        one.say(b"NOTICE " + other.nick + b" :take note")
        other.hears(b"NOTICE", other.nick, b"take note", source=one.nick)
        one.hears_nothing_else()

    @irc.must(
        "notice-unanswered",
        "RFC 2812 3.3.2",
        "NOTICE is never answered by an error.",
        needs=("notice",),
    )
    def notice_unanswered(session: Session) -> None:
        one = user(session)
        for line in (b"NOTICE " + new_nick() + b" :x", b"NOTICE " + new_channel() + b" :x"):
            one.say(line)
            one.hears_nothing_else()
        one.say(b"NOTICE " + one.nick, b"NOTICE")
        one.hears_nothing_else()

    @irc.must(
        "longest",
        "RFC 2812 2.3",
        f"No message is longer than {LONGEST} bytes, also where a source is put before it.",
        needs=("private",),
    )
    def longest(session: Session) -> None:
        one, other = users(session, 2)
        line = b"PRIVMSG " + other.nick + b" :"
        text = b"x" * (LONGEST - 2 - len(line))
        one.say(line + text)
        came = other.hears(b"PRIVMSG", other.nick, source=one.nick).params[1]
        # Some servers add a note that it was cut.
        if came[: len(text) // 2] != text[: len(text) // 2]:
            raise other.peer.violation("cut", f"{len(came)} of {len(text)} bytes came")
        other.hears_nothing_else()

    @irc.should(
        "too-long",
        "modern 3.5",
        f"What is over {LONGEST} bytes is not a message of its own: it is cut, or all is refused.",
        needs=("longest",),
    )
    def too_long(session: Session) -> None:
        one = user(session)
        line = b"PRIVMSG " + one.nick + b" :"
        line += b"x" * (LONGEST - len(line)) + b"PING :smuggled"
        one.say(line, b"PING :after")
        while (said := one.next()).command != b"PONG":
            if said.command == b"ERROR":
                return  # may be confusing, and is allowed
            if said.command not in (b"417", b"PRIVMSG"):
                raise one.peer.violation("wrong-answer", f"{said.command.decode()} came")
        if said.params[-1] != b"after":
            raise one.peer.violation("smuggled", f"the PONG has {said.params[-1]!r}")

    @irc.must("whois", "RFC 2812 3.6.2", "WHOIS says 311 of the user, and ends in 318.")
    def whois(session: Session) -> None:
        one, other = users(session, 2)
        one.say(b"WHOIS " + other.nick)
        one.hears(b"311", one.nick, other.nick)
        while (said := one.next()).command != b"318":
            if not b"300" < said.command < b"400":
                raise one.peer.violation("wrong-answer", f"{said.command.decode()} came")
        one.hears_nothing_else()
