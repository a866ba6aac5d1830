"""Broken chat servers: ends and lines; chat_talk.py has the rest of the family."""

from ..reference.python.chat import Chat, is_name
from .chat_talk import family
from .common import add_to, small_send_buffer

fault = family.fault
MUTANTS = family.mutants


@fault("says-no-bye", breaks="quit")
class SaysNoBye(Chat):
    """QUIT is answered by FIN without BYE."""

    def quit(self) -> bytes:
        super().quit()
        return b""

    def send(self, data: bytes) -> None:
        super().send(data if data != b"\n" else b"")


@fault("stays-after-bye", breaks="quit")
class StaysAfterBye(Chat):
    """After BYE the connection stays open."""

    def quit(self) -> bytes:
        self.leave()
        return b"BYE"


@fault("quits-members-only", breaks="quit")
class QuitsMembersOnly(Chat):
    """QUIT needs a LOGIN."""

    def quit(self) -> bytes:
        return super().quit() if self.name else b"ERROR not logged in"


@fault("quits-in-silence", breaks="quit-parts")
class QuitsInSilence(Chat):
    """The other members of a channel are not told about a client's QUIT."""

    def quit(self) -> bytes:
        for members in self.room.channels.values():
            members.pop(self, None)
        return super().quit()


@fault("quits-one-channel", breaks="quit-parts")
class QuitsOneChannel(Chat):
    """QUIT leaves only the first of the client's channels."""

    def quit(self) -> bytes:
        mine = [members for members in self.room.channels.values() if self in members]
        for members in mine[1:]:
            del members[self]
        return super().quit()


@fault("lost-in-silence", breaks="lost-by-fin")
class LostInSilence(Chat):
    """A client that ends without QUIT stays in its channels."""

    def ended(self) -> None:
        self.finish()

    def leave(self) -> None:
        if not self.open:
            for members in self.room.channels.values():
                members.pop(self, None)
        super().leave()


@fault("keeps-lost-names", breaks="lost-by-fin")
class KeepsLostNames(Chat):
    """A client that ends without QUIT stays logged in."""

    def ended(self) -> None:
        name, room = self.name, self.room
        super().ended()
        if name:
            room.online[name] = self


@fault("keeps-the-reset", breaks="lost-by-reset")
class KeepsTheReset(Chat):
    """A client that resets stays where it was."""

    def dropped(self, error: OSError) -> None:
        self.leave = lambda: None  # type: ignore[method-assign]
        super().dropped(error)


@fault("capitals-only", breaks="any-case")
class CapitalsOnly(Chat):
    """Keywords in lower case are unknown."""

    def obey(self, line: bytes) -> bytes:
        keyword = line.partition(b" ")[0]
        return super().obey(line) if keyword.isupper() else b"ERROR unknown command"


@fault("ends-on-nonsense", breaks="errors")
class EndsOnNonsense(Chat):
    """An unknown command ends the connection."""

    def obey(self, line: bytes) -> bytes:
        said = super().obey(line)
        if said == b"ERROR unknown command":
            self.finish()
        return said


@fault("ignores-empty-lines", breaks="errors")
class IgnoresEmptyLines(Chat):
    """An empty line is not answered."""

    def take(self, line: bytes) -> None:
        if line:
            super().take(line)


@fault("says-nothing", breaks="errors")
class SaysNothing(Chat):
    """An empty text is accepted and sent as a message."""

    def obey(self, line: bytes) -> bytes:
        keyword, _, channel = line.rstrip().partition(b" ")
        if self.name and keyword.upper() == b"SAY" and b" " not in channel:
            return self.say(channel, b"")
        return super().obey(line)


@fault("takes-any-name", breaks="names")
class TakesAnyName(Chat):
    """A name may contain any characters."""

    def login(self, *words: bytes) -> bytes:
        if len(words) == 2 and all(words) and not self.name and not is_name(words[0]):
            self.name = words[0]
            self.room.online[self.name] = self
            return b"OK"
        return super().login(*words)


@fault("twenty-letters", breaks="names")
class TwentyLetters(Chat):
    """A name has at most twenty letters."""

    def login(self, *words: bytes) -> bytes:
        return b"ERROR name too long" if len(words[0]) > 20 else super().login(*words)


@fault("needs-no-hash", breaks="names")
class NeedsNoHash(Chat):
    """A channel's # may be left out."""

    def obey(self, line: bytes) -> bytes:
        keyword, _, channel = line.partition(b" ")
        if keyword == b"JOIN" and channel and not channel.startswith(b"#"):
            line = b"JOIN #" + channel
        return super().obey(line)


@fault("lines-of-1024", breaks="long")
class LinesOf1024(Chat):
    """A line of more than 1024 bytes is too long."""

    def take(self, line: bytes) -> None:
        if len(line) > 1024 and not self.too_long:
            self.send(b"ERROR line too long\n")
        else:
            super().take(line)


@fault("complains-per-read", breaks="long")
class ComplainsPerRead(Chat):
    """Each further read of a line that is too long gives another error."""

    read_size = 4096

    def complain(self) -> None:
        self.too_long = False
        super().complain()


@fault("ends-on-a-long-line", breaks="long")
class EndsOnALongLine(Chat):
    """A line that is too long ends the connection."""

    def complain(self) -> None:
        super().complain()
        self.finish()


@fault("takes-any-length", breaks="long")
class TakesAnyLength(Chat):
    """A line of any length is accepted."""

    def take(self, line: bytes) -> None:
        self.send(self.obey(line) + b"\n")

    def received(self, data: bytes) -> None:
        *lines, self.line = (self.line + data).split(b"\n")
        for line in lines:
            if not self.finishing:
                self.take(line.removesuffix(b"\r"))


@fault("blocks-in-send", breaks="stalled-member")
class BlocksInSend(Chat):
    """A member that does not read blocks the whole server."""

    def connected(self) -> None:
        small_send_buffer(self)
        super().connected()

    def flush(self) -> None:
        self.sock.setblocking(True)
        self.sock.sendall(self.output)
        self.sock.setblocking(False)
        self.output.clear()


@fault("waits-for-all", breaks="stalled-member")
class WaitsForAll(Chat):
    """OK comes only when every member has received the message."""

    def connected(self) -> None:
        small_send_buffer(self)
        super().connected()

    def say(self, channel: bytes, text: bytes) -> bytes:
        members = self.room.channels.get(channel, {})
        if any(len(member.output) > 65536 for member in members if member is not self):
            self.server.call_later(0.01, lambda: self.say_later(channel, text))
            return b""
        return super().say(channel, text)

    def say_later(self, channel: bytes, text: bytes) -> None:
        if self.open:
            self.send(self.say(channel, text) + b"\n")
            self.advance()

    def send(self, data: bytes) -> None:
        super().send(data if data != b"\n" else b"")


@fault("a-read-is-a-line", breaks="segments")
class AReadIsALine(Chat):
    """Treats each read as complete lines."""

    def received(self, data: bytes) -> None:
        super().received(data if data.endswith(b"\n") else data + b"\n")


@fault("keeps-cr", breaks="crlf")
class KeepsCr(Chat):
    """Keeps the CR of a CR LF as a part of the line."""

    def received(self, data: bytes) -> None:
        super().received(data.replace(b"\r\n", b"\r\r\n"))


@fault("answers-in-crlf", breaks="crlf")
class AnswersInCrlf(Chat):
    """Answers a line that ends in CR LF with CR LF too."""

    def received(self, data: bytes) -> None:
        self.with_cr = b"\r\n" in data
        super().received(data)

    with_cr = False

    def send(self, data: bytes) -> None:
        super().send(data.replace(b"\n", b"\r\n") if self.with_cr else data)


@fault("prompts", breaks="terminal")
class Prompts(Chat):
    """A prompt follows each answer."""

    def take(self, line: bytes) -> None:
        super().take(line)
        self.send(b"> ")


add_to(family, Chat)
