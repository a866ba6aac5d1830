"""Broken quit servers."""

from ..reference.python.services import Quit
from .common import add_to
from .declare import Family

family = Family("quit")
fault = family.fault
MUTANTS = family.mutants


@fault("does-not-greet", breaks="greeting")
class DoesNotGreet(Quit):
    """The greeting is missing."""

    def setting(self, name: str) -> bytes:
        return b"" if name == "greeting" else super().setting(name)


@fault("prompts", breaks="greeting")
class Prompts(Quit):
    """Sends a prompt after the greeting."""

    def connected(self) -> None:
        super().connected()
        self.send(b"> ")


@fault("keeps-case", breaks="upper")
class KeepsCase(Quit):
    """Sends the input back without changing its case."""

    def answer(self, text: str) -> None:
        self.send(text.encode("utf-8", "surrogateescape"))
        self.send(self.setting("token"))


@fault("upper-cases-brackets", breaks="upper")
class UpperCasesBrackets(Quit):
    """Clears bit 0x20 of everything above 0x60, braces included."""

    def answer(self, text: str) -> None:
        data = text.encode("utf-8", "surrogateescape")
        self.send(bytes([byte & 0xDF if 0x60 <= byte < 0x7F else byte for byte in data]))
        self.send(self.setting("token"))


@fault("joins-blanks", breaks="upper")
class JoinsBlanks(Quit):
    """Splits a line into words: several blanks come back as one."""

    def answer(self, text: str) -> None:
        while "  " in text:
            text = text.replace("  ", " ")
        super().answer(text)


@fault("expands-tabs", breaks="upper")
class ExpandsTabs(Quit):
    """A tab comes back as blanks."""

    def answer(self, text: str) -> None:
        super().answer(text.expandtabs())


@fault("strips-lines", breaks="upper")
class StripsLines(Quit):
    """Blanks at the end of a line are lost."""

    def answer(self, text: str) -> None:
        super().answer(text[:-1].rstrip(" \t") + "\n" if text.endswith("\n") else text)


@fault("token-once", breaks="token")
class TokenOnce(Quit):
    """Only the first answer ends in the token."""

    told = False

    def answer(self, text: str) -> None:
        self.send(text.upper().encode("utf-8", "surrogateescape"))
        if not self.told:
            self.told = True
            self.send(self.setting("token"))


@fault("ends-after-the-token", breaks="token")
class EndsAfterTheToken(Quit):
    """Sends FIN after the first answer, without waiting for the client's."""

    def answer(self, text: str) -> None:
        super().answer(text)
        self.finish()


@fault("token-before-answer", breaks="token")
class TokenBeforeAnswer(Quit):
    """The token comes before the answer."""

    def answer(self, text: str) -> None:
        self.send(self.setting("token"))
        self.send(text.upper().encode("utf-8", "surrogateescape"))


@fault("token-in-lower-case", breaks="token")
class TokenInLowerCase(Quit):
    """The token is in another case."""

    def setting(self, name: str) -> bytes:
        value = super().setting(name)
        return value.swapcase() if name == "token" else value


@fault("token-at-fin", breaks="token-after-input")
class TokenAtFin(Quit):
    """FIN alone is answered by the token."""

    answered = False

    def answer(self, text: str) -> None:
        self.answered = True
        super().answer(text)

    def ended(self) -> None:
        if not self.answered:
            self.send(self.setting("token"))
        super().ended()


@fault("token-on-connect", breaks="token-after-input")
class TokenOnConnect(Quit):
    """The token follows the greeting."""

    def connected(self) -> None:
        super().connected()
        self.send(self.setting("token"))


@fault("stays-after-fin", breaks="ends-fin")
class StaysAfterFin(Quit):
    """Does not send FIN after the client's FIN."""

    def ended(self) -> None:
        pass


@fault("ends-by-reset", breaks="ends-fin")
class EndsByReset(Quit):
    """Answers FIN by RST."""

    def send_fin(self) -> None:
        self.abort()


@fault("drops-unterminated-rest", breaks="unterminated-rest")
class DropsUnterminatedRest(Quit):
    """Answers complete lines only; an unfinished rest is never answered."""

    rest = ""

    def answer(self, text: str) -> None:
        whole, newline, self.rest = (self.rest + text).rpartition("\n")
        if newline:
            super().answer(whole + newline)


@fault("knows-only-ascii", breaks="utf8")
class KnowsOnlyAscii(Quit):
    """Replaces what is not ASCII."""

    def answer(self, text: str) -> None:
        self.send(text.upper().encode("ascii", "replace"))
        self.send(self.setting("token"))


@fault("takes-utf8-for-latin1", breaks="utf8")
class TakesUtf8ForLatin1(Quit):
    """Upper-cases each byte as Latin-1."""

    def received(self, data: bytes) -> None:
        self.send(data.decode("latin-1").upper().encode("latin-1", "replace"))
        self.send(self.setting("token"))


@fault("decodes-each-read", breaks="utf8-split")
class DecodesEachRead(Quit):
    """A character that is split over two reads becomes two replacement characters."""

    def received(self, data: bytes) -> None:
        self.answer(data.decode("utf-8", "replace"))


@fault("decodes-each-kilobyte", breaks="utf8-split")
class DecodesEachKilobyte(Quit):
    """A character that is split over two buffers of one kilobyte is lost."""

    read_size = 1024

    def received(self, data: bytes) -> None:
        if len(data) == 1024:
            data = data.decode("utf-8", "ignore").encode()
        super().received(data)


@fault("answers-64-kib", breaks="large")
class Answers64Kib(Quit):
    """Stops serving a client after 64 KiB."""

    left = 64 * 1024

    def answer(self, text: str) -> None:
        super().answer(text[: max(0, self.left)])
        self.left -= len(text)


@fault("answers-the-first-line", breaks="large")
class AnswersTheFirstLine(Quit):
    """If a read has several lines, only the first is answered."""

    def answer(self, text: str) -> None:
        first, newline, _ = text.partition("\n")
        super().answer(first + newline)


@fault("drops-its-queue-at-fin", breaks="pending")
class DropsItsQueueAtFin(Quit):
    """Closes on FIN: the data in the socket is still sent, its own queue is lost."""

    def wants(self) -> int:
        # Like a library that keeps reading while output waits to be written.
        return super().wants() | (0 if self.input_ended else 1)

    def ended(self) -> None:
        self.output.clear()
        super().ended()


@fault("drops-its-buffer-at-fin", breaks="pending")
class DropsItsBufferAtFin(Quit):
    """Closes on FIN, and loses the data in its bounded buffer."""

    def ended(self) -> None:
        self.output.clear()
        super().ended()


@fault("says-bye", breaks="nothing-else")
class SaysBye(Quit):
    """After an empty line it sends a farewell at the client's FIN."""

    parting = False

    def answer(self, text: str) -> None:
        self.parting = self.parting or text == "\n"
        super().answer(text)

    def ended(self) -> None:
        if self.parting:
            self.send(b"bye\n")
        super().ended()


@fault("broadcasts", breaks="isolation")
class Broadcasts(Quit):
    """Sends each answer to every client."""

    def answer(self, text: str) -> None:
        for connection in list(self.server.connections):
            connection.send(text.upper().encode("utf-8", "surrogateescape"))
            connection.send(self.setting("token"))
            if connection is not self:
                connection.advance()


@fault("token-on-a-line", breaks="terminal")
class TokenOnALine(Quit):
    """The token is on a separate line, after an empty line."""

    def setting(self, name: str) -> bytes:
        value = super().setting(name)
        return b"\n" + value if name == "token" else value


add_to(family, Quit)
