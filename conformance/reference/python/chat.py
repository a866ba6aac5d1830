"""chat (SPEC 12): channels and members over line commands."""

from .connection import Connection

#: Bytes of the longest line, CR and LF not counted; letters of the longest name.
LONGEST, LONGEST_NAME = 4096, 32

#: Bytes that may wait for a member that does not read; then it is let go, for the others' sake.
MOST_QUEUED = 64 * 1024 * 1024

#: Keyword -> the method that obeys it.
COMMANDS = {b"JOIN": "join", b"PART": "part", b"SAY": "say"}

_LETTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")


class Room:
    """What all connections share: passwords, who is logged in, who is in a channel."""

    def __init__(self) -> None:
        self.passwords: dict[bytes, bytes] = {}
        self.online: dict[bytes, Chat] = {}
        self.channels: dict[bytes, dict[Chat, None]] = {}


class Chat(Connection):
    """chat (SPEC 12)."""

    room = Room()

    def connected(self) -> None:
        """Nobody yet, and no line has begun."""
        self.name = b""
        self.line = b""
        self.too_long = False

    # What comes.

    def received(self, data: bytes) -> None:
        """Obey whole lines."""
        *lines, self.line = (self.line + data).split(b"\n")
        for line in lines:
            if not self.finishing:
                self.take(line[:-1] if line.endswith(b"\r") else line)
        # One byte more: it may be the CR of the end.
        if len(self.line) > LONGEST + 1:
            self.complain()
            self.line = b""

    def take(self, line: bytes) -> None:
        """Obey a line, or say that it is too long, unless that has been said."""
        if self.too_long:
            self.too_long = False
        elif len(line) > LONGEST:
            self.send(b"ERROR line too long\n")
        else:
            self.send(self.obey(line) + b"\n")

    def complain(self) -> None:
        """The line is too long already, and its end has not come."""
        if not self.too_long:
            self.send(b"ERROR line too long\n")
        self.too_long = True

    def ended(self) -> None:
        """The client has gone; an unfinished line is nothing."""
        self.leave()
        self.finish()

    def close(self) -> None:
        """Let go, and tell the others."""
        if self.open:
            super().close()
            self.leave()

    # What is answered.

    def obey(self, line: bytes) -> bytes:
        """The answer to a line."""
        keyword, _, rest = line.partition(b" ")
        command = keyword.upper()
        if command == b"QUIT" and not rest:
            return self.quit()
        if command == b"LOGIN":
            return self.login(*rest.split(b" "))
        if not self.name:
            return b"ERROR not logged in"
        if command not in COMMANDS:
            return b"ERROR unknown command"
        channel, _, text = rest.partition(b" ")
        if not is_channel(channel) or bool(text) != (command == b"SAY"):
            return b"ERROR wrong words after " + command
        answer: bytes = getattr(self, COMMANDS[command])(channel, text)
        return answer

    def login(self, *words: bytes) -> bytes:
        """LOGIN name password."""
        if len(words) != 2 or not is_name(words[0]) or not words[1]:
            return b"ERROR LOGIN takes a name and a password"
        name, password = words
        room = self.room
        if self.name:
            return b"ERROR already logged in"
        if room.passwords.setdefault(name, password) != password:
            return b"ERROR bad password"
        if name in room.online:
            return b"ERROR already logged in"
        room.online[name] = self
        self.name = name
        return b"OK"

    def join(self, channel: bytes, _text: bytes) -> bytes:
        """JOIN #channel."""
        members = self.room.channels.setdefault(channel, {})
        if self not in members:
            members[self] = None
            self.notify(channel, b"* " + self.name + b" joined " + channel)
        return b"OK"

    def part(self, channel: bytes, _text: bytes) -> bytes:
        """PART #channel."""
        members = self.room.channels.get(channel, {})
        if self not in members:
            return b"ERROR not in channel"
        self.notify(channel, b"* " + self.name + b" left " + channel)
        members.pop(self, None)
        if not members:
            self.room.channels.pop(channel, None)
        return b"OK"

    def say(self, channel: bytes, text: bytes) -> bytes:
        """SAY #channel text."""
        if self not in self.room.channels.get(channel, {}):
            return b"ERROR not in channel"
        self.notify(channel, channel + b" <" + self.name + b"> " + text)
        return b"OK"

    def quit(self) -> bytes:
        """QUIT."""
        self.leave()
        self.finish()
        return b"BYE"

    # How the others hear of it.

    def notify(self, channel: bytes, line: bytes) -> None:
        """Send a line to the other members."""
        for member in list(self.room.channels.get(channel, {})):
            if member is not self:
                member.hear(line)

    def hear(self, line: bytes) -> None:
        """A line for this member."""
        if not self.open or self.finishing:
            return
        self.send(line + b"\n")
        self.advance()
        if self.open and len(self.output) > MOST_QUEUED:
            self.abort()

    def leave(self) -> None:
        """Part all channels and free the name; idempotent."""
        if not self.name:
            return
        for channel, members in list(self.room.channels.items()):
            if self in members:
                self.part(channel, b"")
        self.room.online.pop(self.name, None)
        self.name = b""


def is_name(word: bytes) -> bool:
    """Whether it can be a name."""
    return 0 < len(word) <= LONGEST_NAME and _LETTERS.issuperset(word)


def is_channel(word: bytes) -> bool:
    """Whether it can be a channel."""
    return word.startswith(b"#") and is_name(word[1:])
