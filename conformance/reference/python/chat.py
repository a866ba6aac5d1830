"""chat (SPEC 12): channels and members over line commands."""

from .connection import Connection

#: The most bytes of a line, without CR and LF; the most characters of a name.
LONGEST, LONGEST_NAME = 4096, 32

#: The bytes that may wait for a member that does not read; with more, the member is disconnected,
#: to protect the others.
MOST_QUEUED = 64 * 1024 * 1024

#: Keyword -> the method that executes it.
COMMANDS = {b"JOIN": "join", b"PART": "part", b"SAY": "say"}

_LETTERS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")


class Room:
    """The state that all connections share: passwords, logged-in users, members of channels."""

    def __init__(self) -> None:
        self.passwords: dict[bytes, bytes] = {}
        self.online: dict[bytes, Chat] = {}
        self.channels: dict[bytes, dict[Chat, None]] = {}


class Chat(Connection):
    """chat (SPEC 12)."""

    room = Room()

    def connected(self) -> None:
        """Set the initial state: not logged in, no line begun."""
        self.name = b""
        self.line = b""
        self.too_long = False

    # Input.

    def received(self, data: bytes) -> None:
        """Execute complete lines."""
        *lines, self.line = (self.line + data).split(b"\n")
        for line in lines:
            if not self.finishing:
                self.take(line[:-1] if line.endswith(b"\r") else line)
        # One byte more is allowed: it may be the CR of the line end.
        if len(self.line) > LONGEST + 1:
            self.complain()
            self.line = b""

    def take(self, line: bytes) -> None:
        """Execute a line, or report that it is too long, unless that was reported already."""
        if self.too_long:
            self.too_long = False
        elif len(line) > LONGEST:
            self.send(b"ERROR line too long\n")
        else:
            self.send(self.obey(line) + b"\n")

    def complain(self) -> None:
        """Report, once, that the line is too long before its end has come."""
        if not self.too_long:
            self.send(b"ERROR line too long\n")
        self.too_long = True

    def ended(self) -> None:
        """Handle the client's end; ignore an unfinished line."""
        self.leave()
        self.finish()

    def close(self) -> None:
        """Close the connection, and notify the others."""
        if self.open:
            super().close()
            self.leave()

    # Commands.

    def obey(self, line: bytes) -> bytes:
        """Return the answer to a line."""
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
        """Execute LOGIN name password."""
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
        """Execute JOIN #channel."""
        members = self.room.channels.setdefault(channel, {})
        if self not in members:
            members[self] = None
            self.notify(channel, b"* " + self.name + b" joined " + channel)
        return b"OK"

    def part(self, channel: bytes, _text: bytes) -> bytes:
        """Execute PART #channel."""
        members = self.room.channels.get(channel, {})
        if self not in members:
            return b"ERROR not in channel"
        self.notify(channel, b"* " + self.name + b" left " + channel)
        members.pop(self, None)
        if not members:
            self.room.channels.pop(channel, None)
        return b"OK"

    def say(self, channel: bytes, text: bytes) -> bytes:
        """Execute SAY #channel text."""
        if self not in self.room.channels.get(channel, {}):
            return b"ERROR not in channel"
        self.notify(channel, channel + b" <" + self.name + b"> " + text)
        return b"OK"

    def quit(self) -> bytes:
        """Execute QUIT."""
        self.leave()
        self.finish()
        return b"BYE"

    # Notices to other members.

    def notify(self, channel: bytes, line: bytes) -> None:
        """Send a line to the other members."""
        for member in list(self.room.channels.get(channel, {})):
            if member is not self:
                member.hear(line)

    def hear(self, line: bytes) -> None:
        """Send a line to this member."""
        if not self.open or self.finishing:
            return
        self.send(line + b"\n")
        self.advance()
        if self.open and len(self.output) > MOST_QUEUED:
            self.abort()

    def leave(self) -> None:
        """Leave all channels and release the name; idempotent."""
        if not self.name:
            return
        for channel, members in list(self.room.channels.items()):
            if self in members:
                self.part(channel, b"")
        self.room.online.pop(self.name, None)
        self.name = b""


def is_name(word: bytes) -> bool:
    """Return whether a word is a valid name."""
    return 0 < len(word) <= LONGEST_NAME and _LETTERS.issuperset(word)


def is_channel(word: bytes) -> bool:
    """Return whether a word is a valid channel."""
    return word.startswith(b"#") and is_name(word[1:])
