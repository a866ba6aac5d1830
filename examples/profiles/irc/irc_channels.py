"""Channels: their members, the notices to them, and the rights of operators."""

from __future__ import annotations

from irc_user import User, meet, new_channel, on_channel, user, users
from pync_conformance.api import Session, StreamProfile


def declare_channels(irc: StreamProfile) -> None:
    """Declare the requirements on channels."""
    _declare_members(irc)
    _declare_topic(irc)
    _declare_operators(irc)


def _declare_members(irc: StreamProfile) -> None:
    @irc.must(
        "join",
        "RFC 2812 3.2.1",
        "JOIN is confirmed by JOIN, 353 with the user's name, and 366.",
    )
    def join(session: Session) -> None:
        one, channel = user(session), new_channel()
        one.joins(channel)
        one.hears_nothing_else()

    @irc.must(
        "join-told",
        "RFC 2812 3.2.1",
        "The users on a channel are told once who joins, and the new user is told their names.",
        needs=("join",),
    )
    def join_told(session: Session) -> None:
        _, users = on_channel(session, 3)
        for one in users:
            one.hears_nothing_else()

    @irc.must(
        "creator",
        "RFC 2811 4.3.1",
        "The user that creates a channel is its operator: 353 has @ before its name.",
        needs=("join",),
    )
    def creator(session: Session) -> None:
        channel, (one, other) = on_channel(session, 2)
        other.say(b"NAMES " + channel)
        names = other.names(channel)
        if {b"@" + one.nick, other.nick} != set(names):
            raise other.peer.violation("no-operator", f"the names are {b' '.join(names)!r}")

    @irc.must("join-list", "RFC 2812 3.2.1", "JOIN takes a list of channels.", needs=("join",))
    def join_list(session: Session) -> None:
        one, first, second = user(session), new_channel(), new_channel()
        one.say(b"JOIN " + first + b"," + second)
        one.is_in(first)
        one.is_in(second)
        one.hears_nothing_else()

    @irc.must("join-zero", "RFC 2812 3.2.1", "JOIN 0 leaves all channels.", needs=("part",))
    def join_zero(session: Session) -> None:
        one, channels = user(session), {new_channel(), new_channel()}
        for channel in sorted(channels):
            one.joins(channel)
        one.say(b"JOIN 0")
        left = {one.hears(b"PART", source=one.nick).params[0] for _ in channels}
        if left != channels:
            raise one.peer.violation("wrong-channels", f"left are {sorted(left)!r}")
        one.hears_nothing_else()

    @irc.must(
        "part",
        "RFC 2812 3.2.2",
        "PART is told to those on the channel, with its message, and ends the membership.",
        needs=("join",),
    )
    def part(session: Session) -> None:
        channel, (one, other) = on_channel(session, 2)
        other.say(b"PART " + channel + b" :so long")
        for hearer in (other, one):
            hearer.hears(b"PART", channel, source=other.nick)
        one.say(b"PRIVMSG " + channel + b" :still there?")
        one.hears_nothing_else()
        other.hears_nothing_else()

    @irc.must(
        "not-on-channel",
        "RFC 2812 5.2",
        "PART of a channel that the user is not on is answered by 442, of none by 403.",
        needs=("part",),
    )
    def not_on_channel(session: Session) -> None:
        channel, _ = on_channel(session, 1)
        one, none = user(session), new_channel()
        one.say(b"PART " + channel)
        one.hears(b"442", one.nick, channel)
        one.say(b"PART " + none)
        one.hears(b"403", one.nick, none)
        one.hears_nothing_else()

    @irc.must(
        "nick-told",
        "RFC 2812 3.1.2",
        "Those on a channel are told a new nickname, once, whatever channels they share.",
        needs=("join", "nick-change"),
    )
    def nick_told(session: Session) -> None:
        _, (one, other) = on_channel(session, 2)
        second = new_channel()
        one.joins(second)
        other.joins(second, one.nick)
        one.hears(b"JOIN", second, source=other.nick)
        new = other.nick[:-1] + b"x"
        other.say(b"NICK " + new)
        one.hears(b"NICK", new, source=other.nick)
        one.hears_nothing_else()

    @irc.must("list", "RFC 2812 3.2.6", "LIST of a channel says 322 with it, and 323.")
    def list_(session: Session) -> None:
        channel, (one,) = on_channel(session, 1)
        one.say(b"LIST " + channel)
        message = one.next()
        if message.command == b"321":  # RPL_LISTSTART: obsolete, and not used by all
            message = one.next()
        if (message.command, message.params[1]) != (b"322", channel):
            raise one.peer.violation("no-322", f"{message.command.decode()} came, and not 322")
        one.hears(b"323", one.nick)
        one.hears_nothing_else()


def _declare_topic(irc: StreamProfile) -> None:
    @irc.must(
        "topic",
        "RFC 2812 3.2.4",
        "A topic is told to the users on the channel, on request, and to users that join.",
        needs=("join",),
    )
    def topic(session: Session) -> None:
        one, other, third = users(session, 3)
        channel = meet(one, other)
        one.say(b"TOPIC " + channel)
        one.hears(b"331", one.nick, channel)
        one.say(b"TOPIC " + channel + b" :All of: the topic")
        for hearer in (one, other):
            hearer.hears(b"TOPIC", channel, b"All of: the topic", source=one.nick)
        other.say(b"TOPIC " + channel)
        other.hears(b"332", other.nick, channel, b"All of: the topic")
        third.say(b"JOIN " + channel)
        third.is_in(channel, topic=b"All of: the topic")
        third.hears_nothing_else()

    @irc.must(
        "topic-cleared",
        "RFC 2812 3.2.4",
        "An empty topic removes the one that was set.",
        needs=("topic",),
    )
    def topic_cleared(session: Session) -> None:
        channel, (one,) = on_channel(session, 1)
        one.say(b"TOPIC " + channel + b" :once", b"TOPIC " + channel + b" :", b"TOPIC " + channel)
        one.hears(b"TOPIC", channel, b"once", source=one.nick)
        one.hears(b"TOPIC", channel, b"", source=one.nick)
        one.hears(b"331", one.nick, channel)


def _declare_operators(irc: StreamProfile) -> None:
    def set_mode(one: User, channel: bytes, mode: bytes, *hearers: User) -> None:
        one.say(b"MODE " + channel + b" " + mode)
        for hearer in (one, *hearers):
            hearer.hears(b"MODE", channel, *mode.split(), source=one.nick)

    @irc.must(
        "only-operators",
        "RFC 2812 5.2",
        "A user that is not an operator is refused by 482: KICK, MODE, TOPIC with +t.",
        needs=("creator",),
    )
    def only_operators(session: Session) -> None:
        channel, (one, other) = on_channel(session, 2)
        # A mode that is set already is not told again: so it is taken away first.
        one.say(b"MODE " + channel + b" -t", b"MODE " + channel + b" +t")
        message = one.next()
        if message.params[1:] == (b"-t",):
            other.next()
            message = one.next()
        other.hears(b"MODE", channel, b"+t", source=one.nick)
        for line in (b"KICK %s " + one.nick, b"MODE %s +m", b"TOPIC %s :mine"):
            other.say(line % channel)
            other.hears(b"482", other.nick, channel)
        other.hears_nothing_else()
        one.hears_nothing_else()

    @irc.must(
        "operator",
        "RFC 2811 4.1.2",
        "MODE +o makes a user an operator, and is told to those on the channel.",
        needs=("only-operators",),
    )
    def operator(session: Session) -> None:
        channel, (one, other) = on_channel(session, 2)
        set_mode(one, channel, b"+o " + other.nick, other)
        set_mode(other, channel, b"+m", one)
        one.hears_nothing_else()

    @irc.must(
        "kick",
        "RFC 2812 3.2.8",
        "KICK is told to those on the channel and the user, which is on it no more.",
        needs=("creator",),
    )
    def kick(session: Session) -> None:
        channel, (one, other) = on_channel(session, 2)
        one.say(b"KICK " + channel + b" " + other.nick + b" :go")
        for hearer in (one, other):
            hearer.hears(b"KICK", channel, other.nick, b"go", source=one.nick)
        other.say(b"PART " + channel)
        other.hears(b"442", other.nick, channel)
        other.say(b"JOIN " + channel)
        other.is_in(channel)
        one.hears(b"JOIN", channel, source=other.nick)

    @irc.must(
        "invite-only",
        "RFC 2811 4.2.2",
        "A channel with +i is joined by those that are invited, others are refused by 473.",
        needs=("invite",),
    )
    def invite_only(session: Session) -> None:
        one, other = users(session, 2)
        channel = meet(one)
        set_mode(one, channel, b"+i")
        other.say(b"JOIN " + channel)
        other.hears(b"473", other.nick, channel)
        one.say(b"INVITE " + other.nick + b" " + channel)
        one.hears(b"341", one.nick, other.nick, channel)
        other.hears(b"INVITE", other.nick, channel, source=one.nick)
        other.joins(channel, one.nick)

    @irc.must(
        "invite",
        "RFC 2812 3.2.7",
        "INVITE is confirmed by 341 and told to the user invited, and to no other.",
        needs=("creator",),
    )
    def invite(session: Session) -> None:
        one, member, guest = users(session, 3)
        channel = meet(one, member)
        one.say(b"INVITE " + guest.nick + b" " + channel)
        one.hears(b"341", one.nick, guest.nick, channel)
        guest.hears(b"INVITE", guest.nick, channel, source=one.nick)
        guest.hears_nothing_else()
        member.hears_nothing_else()

    @irc.must(
        "key",
        "RFC 2811 4.2.10",
        "A channel with +k is joined with its key only; without it the answer is 475.",
        needs=("creator",),
    )
    def key(session: Session) -> None:
        one, other = users(session, 2)
        channel = meet(one)
        set_mode(one, channel, b"+k sesame")
        for line in (b"JOIN " + channel, b"JOIN " + channel + b" wrong"):
            other.say(line)
            other.hears(b"475", other.nick, channel)
        other.say(b"JOIN " + channel + b" sesame")
        other.is_in(channel)

    @irc.must(
        "no-outsiders",
        "RFC 2811 4.2.6",
        "A channel with +n takes messages of its members only; the answer to others is 404.",
        needs=("creator",),
    )
    def no_outsiders(session: Session) -> None:
        one, outsider = users(session, 2)
        channel = meet(one)
        one.say(b"MODE " + channel + b" +n")
        outsider.say(b"PRIVMSG " + channel + b" :hello in there")
        outsider.hears(b"404", outsider.nick, channel)
        outsider.hears_nothing_else()
