"""Broken chat servers: logins, and the messages that members get."""

from ..reference.python.chat import Chat
from .declare import Family

family = Family("chat")
fault = family.fault


@fault("knows-nobody", breaks="login")
class KnowsNobody(Chat):
    """LOGIN with an unknown name is refused."""

    def login(self, *words: bytes) -> bytes:
        if words[0] not in self.room.passwords:
            return b"ERROR unknown name"
        return super().login(*words)


@fault("says-welcome", breaks="login")
class SaysWelcome(Chat):
    """LOGIN is answered by OK and further text."""

    def login(self, *words: bytes) -> bytes:
        said = super().login(*words)
        return b"OK, welcome" if said == b"OK" else said


@fault("takes-any-password", breaks="password")
class TakesAnyPassword(Chat):
    """The password is not compared."""

    def login(self, *words: bytes) -> bytes:
        self.room.passwords.pop(words[0], None)
        return super().login(*words)


@fault("forgets-passwords", breaks="password")
class ForgetsPasswords(Chat):
    """The password is forgotten when the connection ends."""

    def leave(self) -> None:
        self.room.passwords.pop(self.name, None)
        super().leave()


@fault("lets-in-twice", breaks="name-in-use")
class LetsInTwice(Chat):
    """Two clients may be logged in with the same name."""

    def login(self, *words: bytes) -> bytes:
        self.room.online.pop(words[0], None)
        return super().login(*words)


@fault("looks-at-the-name-first", breaks="name-in-use")
class LooksAtTheNameFirst(Chat):
    """A name in use is refused before its password is checked."""

    def login(self, *words: bytes) -> bytes:
        if words[0] in self.room.online:
            return b"ERROR already logged in"
        return super().login(*words)


@fault("changes-its-name", breaks="second-login")
class ChangesItsName(Chat):
    """A second LOGIN replaces the first one."""

    def login(self, *words: bytes) -> bytes:
        if words[0] not in self.room.online:
            self.leave()
        return super().login(*words)


@fault("joins-anybody", breaks="not-logged-in")
class JoinsAnybody(Chat):
    """JOIN is accepted before LOGIN."""

    def obey(self, line: bytes) -> bytes:
        if not self.name and line.upper().startswith(b"JOIN #"):
            return self.join(line[5:], b"")
        return super().obey(line)


@fault("says-unknown-command", breaks="not-logged-in")
class SaysUnknownCommand(Chat):
    """Before LOGIN every other command is answered as an unknown one."""

    def obey(self, line: bytes) -> bytes:
        said = super().obey(line)
        return b"ERROR unknown command" if said == b"ERROR not logged in" else said


@fault("joins-in-silence", breaks="join")
class JoinsInSilence(Chat):
    """The members are not told who joined."""

    def notify(self, channel: bytes, line: bytes) -> None:
        if b" joined " not in line:
            super().notify(channel, line)


@fault("tells-who-joins", breaks="join")
class TellsWhoJoins(Chat):
    """The client that joins gets the notice too."""

    def join(self, channel: bytes, text: bytes) -> bytes:
        said = super().join(channel, text)
        return said + b"\n* " + self.name + b" joined " + channel


@fault("joins-twice", breaks="join-again")
class JoinsTwice(Chat):
    """A second JOIN of a channel is announced again."""

    def join(self, channel: bytes, text: bytes) -> bytes:
        self.room.channels.get(channel, {}).pop(self, None)
        return super().join(channel, text)


@fault("refuses-a-second-join", breaks="join-again")
class RefusesASecondJoin(Chat):
    """A second JOIN is an error."""

    def join(self, channel: bytes, text: bytes) -> bytes:
        if self in self.room.channels.get(channel, {}):
            return b"ERROR already there"
        return super().join(channel, text)


@fault("parts-in-silence", breaks="part")
class PartsInSilence(Chat):
    """The members are not told who left."""

    parting = False

    def part(self, channel: bytes, text: bytes) -> bytes:
        self.parting = bool(self.open and not self.finishing and not self.input_ended)
        said = super().part(channel, text)
        self.parting = False
        return said

    def notify(self, channel: bytes, line: bytes) -> None:
        if not self.parting:
            super().notify(channel, line)


@fault("parts-from-all", breaks="part")
class PartsFromAll(Chat):
    """PART leaves every channel and not only the one that it names."""

    def part(self, channel: bytes, text: bytes) -> bytes:
        said = super().part(channel, text)
        if said == b"OK":
            for members in list(self.room.channels.values()):
                members.pop(self, None)
        return said


@fault("hears-on", breaks="part")
class HearsOn(Chat):
    """A client that has left a channel still gets its messages."""

    def part(self, channel: bytes, text: bytes) -> bytes:
        members = self.room.channels.get(channel, {})
        said = super().part(channel, text)
        if said == b"OK" and self.name in self.room.online and not self.finishing:
            self.room.channels.setdefault(channel, members)[self] = None
        return said


@fault("echoes", breaks="say")
class Echoes(Chat):
    """The sender gets its own message."""

    def say(self, channel: bytes, text: bytes) -> bytes:
        said = super().say(channel, text)
        if said == b"OK":
            self.hear(channel + b" <" + self.name + b"> " + text)
        return said


@fault("tells-one", breaks="say")
class TellsOne(Chat):
    """Only the first of the other members gets a message."""

    def say(self, channel: bytes, text: bytes) -> bytes:
        members = self.room.channels.get(channel, {})
        others = [member for member in members if member is not self]
        if self in members and others:
            others[0].hear(channel + b" <" + self.name + b"> " + text)
            return b"OK"
        return super().say(channel, text)


@fault("broadcasts", breaks="members-only")
class Broadcasts(Chat):
    """Every client that is logged in gets every message."""

    def notify(self, channel: bytes, line: bytes) -> None:
        for member in list(self.room.online.values()):
            if member is not self:
                member.hear(line)


@fault("lets-outsiders-speak", breaks="not-in-channel")
class LetsOutsidersSpeak(Chat):
    """SAY is accepted without JOIN."""

    def say(self, channel: bytes, text: bytes) -> bytes:
        self.notify(channel, channel + b" <" + self.name + b"> " + text)
        return b"OK"


@fault("parts-from-anything", breaks="not-in-channel")
class PartsFromAnything(Chat):
    """PART is answered by OK for any channel."""

    def part(self, channel: bytes, text: bytes) -> bytes:
        super().part(channel, text)
        return b"OK"


@fault("strips-texts", breaks="verbatim")
class StripsTexts(Chat):
    """Blanks at the ends of a text are lost."""

    def say(self, channel: bytes, text: bytes) -> bytes:
        return super().say(channel, text.strip())


@fault("joins-words", breaks="verbatim")
class JoinsWords(Chat):
    """Two blanks in a text become one."""

    def say(self, channel: bytes, text: bytes) -> bytes:
        return super().say(channel, text.replace(b"  ", b" "))


@fault("escapes-html", breaks="verbatim")
class EscapesHtml(Chat):
    """A text is escaped for HTML."""

    def say(self, channel: bytes, text: bytes) -> bytes:
        return super().say(channel, text.replace(b"&", b"&amp;").replace(b"<", b"&lt;"))


@fault("newest-first", breaks="order")
class NewestFirst(Chat):
    """Messages that arrive together are sent on in the reverse order."""

    held: "list[tuple[bytes, bytes]] | None" = None

    def received(self, data: bytes) -> None:
        self.held = []
        super().received(data)
        held, self.held = self.held, None
        for channel, line in reversed(held):
            super().notify(channel, line)

    def notify(self, channel: bytes, line: bytes) -> None:
        if self.held is None or line.startswith(b"*"):
            super().notify(channel, line)
        else:
            self.held.append((channel, line))


@fault("errors-come-first", breaks="in-order")
class ErrorsComeFirst(Chat):
    """If commands arrive together, their errors are sent before the other answers."""

    held: "list[bytes] | None" = None

    def received(self, data: bytes) -> None:
        self.held = []
        super().received(data)
        held, self.held = self.held, None
        for said in sorted(held, key=lambda said: not said.startswith(b"ERROR")):
            super().send(said)

    def send(self, data: bytes) -> None:
        if self.held is None or not data.startswith((b"OK", b"ERROR")):
            super().send(data)
        else:
            self.held.append(data)
