"""An IRC client for scenarios: a connection, its nickname, and the messages that it must get.

A user reads message by message, and the first wrong one is a Violation. Messages that a server may
send at any time are skipped: its own notices, the modes of the user, PING (which is answered). To
check that nothing more comes, the user sends PING, and PONG must be the next message.
"""

from __future__ import annotations

import itertools
import re
import secrets
from typing import NamedTuple

from pync_conformance.api import Peer, Session, Violation

#: Bytes of a message with its CR LF (RFC 2812 2.3).
LONGEST = 512

_MESSAGE = re.compile(
    rb"(?::(?P<source>[^ \0\r\n]+) +)?(?P<command>[A-Za-z]+|[0-9]{3})(?P<params>(?: +[^\0\r\n]*)?)"
)


class Message(NamedTuple):
    """A message: the nickname (or the server) it is from, its command, its parameters."""

    source: bytes
    command: bytes
    params: tuple[bytes, ...]

    @property
    def nick(self) -> bytes:
        """The nickname of ``nick!user@host``."""
        return self.source.partition(b"!")[0]

    @property
    def is_aside(self) -> bool:
        """Whether a server may send it at any time: its own notices, a user's modes."""
        if self.command == b"NOTICE":
            return b"!" not in self.source
        return self.command == b"MODE" and not self.params[0].startswith(b"#")


class User:
    """A client with a nickname.

    Arguments:
        peer: its connection.
        nick: its nickname; None is a new, unique one.
    """

    def __init__(self, peer: Peer, nick: bytes | None = None) -> None:
        self.peer = peer
        self.nick = nick or new_nick()
        self._tokens = (b"%d-%s" % (number, self.nick) for number in itertools.count(1))

    # What it sends.

    def say(self, *lines: bytes) -> None:
        """Send these lines, each with its CR LF, in one piece."""
        self.peer.send(b"".join(line + b"\r\n" for line in lines))

    def register(self) -> list[Message]:
        """Register, and read all messages at the start. Raises Violation."""
        self.introduces_itself()
        return self.is_welcome()

    def introduces_itself(self) -> None:
        """Send NICK and USER."""
        self.say(b"NICK " + self.nick, b"USER judge 0 * :The judge")

    def quit(self) -> None:
        """Leave by QUIT; the server confirms it by ERROR and ends. Raises Violation."""
        self.say(b"QUIT :done")
        self.hears(b"ERROR")
        self.peer.expect_eof("the server's end after QUIT")

    # What it must receive.

    def is_welcome(self) -> list[Message]:
        """Read 001 to 004, and what follows up to the end of the message of the day."""
        said = [self.hears(number, self.nick) for number in (b"001", b"002", b"003", b"004")]
        while said[-1].command not in (b"376", b"422"):
            said.append(self.next())
        return said

    def hears(self, command: bytes, *params: bytes, source: bytes | None = None) -> Message:
        """Check that the next message is this one.

        Arguments:
            params: its first parameters; more may follow.
            source: the nickname that must have sent it.
        Raises Violation.
        """
        message = self.next()
        expected, received = [command, *params], [message.command, *message.params]
        received = received[: len(expected)]
        if source is not None:
            expected.insert(0, b":" + source)
            received.insert(0, b":" + message.nick)
        if expected != received:
            wanted, came = b" ".join(expected), b" ".join(received)
            raise self._differs(wanted, came, "the message")
        return message

    def hears_nothing_else(self) -> None:
        """Check that the next message is the answer to this user's PING. Raises Violation."""
        token = next(self._tokens)
        self.say(b"PING :" + token)
        self.has_pong(token)

    def has_pong(self, token: bytes) -> None:
        """Check that the next message is PONG with this token. Raises Violation."""
        message = self.hears(b"PONG")
        if message.params[-1] != token:
            raise self._differs(token, message.params[-1], "the token of PONG")

    def joins(self, channel: bytes, *others: bytes) -> None:
        """Join a channel with these other members. Raises Violation."""
        self.say(b"JOIN " + channel)
        names = self.is_in(channel)
        if {name.lstrip(b"~&@%+") for name in names} != {self.nick, *others}:
            wanted = b" ".join(sorted({self.nick, *others}))
            raise self._differs(wanted, b" ".join(sorted(names)), "the names on the channel")

    def is_in(self, channel: bytes, topic: bytes = b"") -> list[bytes]:
        """Read what follows JOIN; return the names as they come, with their prefixes."""
        self.hears(b"JOIN", channel, source=self.nick)
        if topic:
            self.hears(b"332", self.nick, channel, topic)
        return self.names(channel)

    def names(self, channel: bytes) -> list[bytes]:
        """Read the names on a channel. Raises Violation."""
        names: list[bytes] = []
        while True:
            message = self.next()
            if message.command == b"366":
                return names
            if message.command == b"333":
                continue  # who set the topic: not in the RFC, and welcome
            if message.command != b"353" or message.params[2:3] != (channel,):
                raise self._differs(b"353", message.command, "the names on the channel")
            names += message.params[-1].split()

    def next(self) -> Message:
        """Return the next message that is not an aside. Raises Violation."""
        while True:
            message = self._read()
            if message.command == b"PING":
                self.say(b"PONG :" + message.params[-1])
            elif not message.is_aside:
                return message

    def _read(self) -> Message:
        line = self.peer.read_until(b"\n", "a message", 16 * LONGEST)
        if not line.endswith(b"\r\n"):
            raise self._wrong("no-crlf", line, "a message ends in CR LF (RFC 2812 2.3)")
        if len(line) > LONGEST:
            raise self._wrong("too-long", line, f"a message has {LONGEST} bytes at most (2.3)")
        found = _MESSAGE.fullmatch(line[:-2])
        if not found:
            raise self._wrong("bad-message", line, "this is not a message (RFC 2812 2.3.1)")
        head, colon, last = found["params"].partition(b" :")
        params = (*head.split(), *([last] if colon else []))
        message = Message(found["source"] or b"", found["command"], params)
        if message.command.isdigit() and not (message.source and params):
            text = "a numeric reply has a source and a target (RFC 2812 2.4)"
            raise self._wrong("bad-numeric", line, text)
        if not params:
            raise self._wrong("no-parameter", line, "a server's message has a parameter")
        return message

    def _wrong(self, kind: str, line: bytes, sentence: str) -> Violation:
        return self.peer.violation(kind, f"{sentence}: {line[:100]!r}"[:300], received=line)

    def _differs(self, expected: bytes, received: bytes, what: str) -> Violation:
        pairs = enumerate(zip(expected, received))
        shorter = min(len(expected), len(received))
        offset = next((at for at, (one, other) in pairs if one != other), shorter)
        shown = received.decode(errors="replace")
        return self.peer.violation(
            "wrong-message",
            f"{expected.decode(errors='replace')!r} was awaited, and {shown!r} came",
            expected=expected,
            received=received,
            offset=offset,
            awaited=what,
        )


def new_nick() -> bytes:
    """Return a nickname of nine letters that no user has, even on a server that others use."""
    return b"n" + secrets.token_hex(4).encode()


def new_channel() -> bytes:
    """Return a channel without members."""
    return b"#c" + secrets.token_hex(4).encode()


def user(session: Session) -> User:
    """Return a new registered client. Raises Violation."""
    return users(session, 1)[0]


def users(session: Session, count: int) -> list[User]:
    """Return this number of new registered clients. Raises Violation."""
    coming = [User(session.connect()) for _ in range(count)]
    # All at the same time: some servers accept clients on a timer.
    for one in coming:
        one.introduces_itself()
    for one in coming:
        one.is_welcome()
    return coming


def on_channel(session: Session, count: int) -> tuple[bytes, list[User]]:
    """Return a new channel and this number of users on it; the first is its operator."""
    joined = users(session, count)
    return meet(*joined), joined


def meet(*joining: User) -> bytes:
    """Return a new channel that these users join; the first is its operator. Raises Violation."""
    channel = new_channel()
    for number, one in enumerate(joining):
        before = joining[:number]
        one.joins(channel, *(other.nick for other in before))
        for other in before:
            other.hears(b"JOIN", channel, source=one.nick)
    return channel
