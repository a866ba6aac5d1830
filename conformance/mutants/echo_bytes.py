"""Broken echo servers: the greeting, and changed bytes; echo.py has the rest of the family."""

from ..reference.python.services import Echo
from .common import small_send_buffer
from .declare import Family

family = Family("echo")
fault = family.fault


@fault("prompts", breaks="greeting")
class Prompts(Echo):
    """Sends a prompt on connect."""

    def connected(self) -> None:
        super().connected()
        self.send(b"> ")


@fault("greets-late", breaks="greeting")
class GreetsLate(Echo):
    """Sends the greeting, or a newline if there is none, only after the first input."""

    greeted = False

    def connected(self) -> None:
        pass

    def received(self, data: bytes) -> None:
        if not self.greeted:
            self.greeted = True
            self.send(self.setting("greeting") or b"\n")
        super().received(data)


@fault("answers-once", breaks="again")
class AnswersOnce(Echo):
    """Echoes the first read of a connection and then nothing more."""

    answered = False

    def received(self, data: bytes) -> None:
        if not self.answered:
            self.answered = True
            super().received(data)


@fault("answers-twice", breaks="simple")
class AnswersTwice(Echo):
    """The answer comes twice, because it is both written and piped."""

    def received(self, data: bytes) -> None:
        super().received(data + data)


@fault("closes-after-its-answer", breaks="again")
class ClosesAfterItsAnswer(Echo):
    """Closes the connection after the first read and its answer."""

    def received(self, data: bytes) -> None:
        super().received(data)
        self.finish()


@fault("sends-its-whole-buffer", breaks="simple")
class SendsItsWholeBuffer(Echo):
    """Sends the whole buffer, however few bytes were read."""

    def received(self, data: bytes) -> None:
        super().received(data.ljust(1024, b"\0"))


@fault("adds-a-nul", breaks="simple")
class AddsANul(Echo):
    """Sends the NUL at the end of the C string too."""

    def received(self, data: bytes) -> None:
        super().received(data + b"\0")


@fault("keeps-an-old-tail", breaks="again")
class KeepsAnOldTail(Echo):
    """After a shorter read it also sends the rest of a longer, earlier one."""

    buffer = b""

    def received(self, data: bytes) -> None:
        self.buffer = data + self.buffer[len(data) :]
        super().received(self.buffer)


@fault("ends-lines-in-crlf", breaks="simple")
class EndsLinesInCrlf(Echo):
    """Ends lines in CR LF, as for a terminal."""

    def received(self, data: bytes) -> None:
        super().received(data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))


@fault("waits-for-newline", breaks="no-newline")
class WaitsForNewline(Echo):
    """Echoes only complete lines; an unfinished line comes at FIN."""

    rest = b""

    def received(self, data: bytes) -> None:
        whole, newline, self.rest = (self.rest + data).rpartition(b"\n")
        super().received(whole + newline)

    def ended(self) -> None:
        self.send(self.rest)
        super().ended()


@fault("stops-at-nul", breaks="binary")
class StopsAtNul(Echo):
    """Treats a read as a C string, which ends at NUL."""

    def received(self, data: bytes) -> None:
        super().received(data.partition(b"\0")[0])


@fault("ends-at-0x04", breaks="binary")
class EndsAtEot(Echo):
    """Treats 0x04 as the end of input."""

    def received(self, data: bytes) -> None:
        before, end, _ = data.partition(b"\x04")
        super().received(before)
        if end:
            self.finish()


@fault("drops-0x1a", breaks="binary")
class DropsSub(Echo):
    """Drops 0x1A, as text mode on Windows does."""

    def received(self, data: bytes) -> None:
        super().received(data.replace(b"\x1a", b""))


@fault("speaks-telnet", breaks="binary")
class SpeaksTelnet(Echo):
    """Treats 0xFF as a telnet command and drops it."""

    def received(self, data: bytes) -> None:
        super().received(data.replace(b"\xff\xff", b"\xff") if b"\xff" in data else data)


@fault("decodes-utf8", breaks="binary")
class DecodesUtf8(Echo):
    """Decodes bytes as UTF-8, with replacement."""

    def received(self, data: bytes) -> None:
        super().received(data.decode("utf-8", "replace").encode())


@fault("ends-on-what-is-no-text", breaks="binary")
class EndsOnWhatIsNoText(Echo):
    """Decodes the input for its log: bytes that are not UTF-8 end the connection."""

    def received(self, data: bytes) -> None:
        super().received(data)
        try:
            data.decode()
        except UnicodeDecodeError:
            self.finish()


@fault("clears-high-bit", breaks="binary")
class ClearsHighBit(Echo):
    """Clears the highest bit of each byte."""

    def received(self, data: bytes) -> None:
        super().received(bytes([byte & 0x7F for byte in data]))


@fault("turns-crlf-to-lf", breaks="binary")
class TurnsCrlfToLf(Echo):
    """Reads in text mode: CR LF becomes LF."""

    def received(self, data: bytes) -> None:
        super().received(data.replace(b"\r\n", b"\n"))


@fault("strips-blanks", breaks="binary")
class StripsBlanks(Echo):
    """Strips blanks at the beginning of a read."""

    def received(self, data: bytes) -> None:
        super().received(data.lstrip(b" \t") if len(data) > 1 else data)


@fault("loses-byte-4096", breaks="segments")
class LosesByte4096(Echo):
    """Its buffer of 4096 bytes includes a NUL: a full read loses its last byte."""

    read_size = 4096

    def received(self, data: bytes) -> None:
        super().received(data[:4095])


@fault("answers-first-line", breaks="coalesced")
class AnswersFirstLine(Echo):
    """If a read has several lines, only the first is answered."""

    def received(self, data: bytes) -> None:
        first, newline, _ = data.partition(b"\n")
        super().received(first + newline if newline and data.endswith(b"\n") else data)


@fault("stops-after-a-megabyte", breaks="large")
class StopsAfterAMegabyte(Echo):
    """Stops serving a client after a megabyte."""

    left = 1024 * 1024

    def received(self, data: bytes) -> None:
        super().received(data[: max(0, self.left)])
        self.left -= len(data)


@fault("ends-when-full", breaks="large")
class EndsWhenFull(Echo):
    """Treats a full socket (EAGAIN) as a broken one."""

    def connected(self) -> None:
        small_send_buffer(self)
        super().connected()

    def flush(self) -> None:
        super().flush()
        if self.output:
            self.abort()


@fault("drops-when-full", breaks="large")
class DropsWhenFull(Echo):
    """Data that the socket does not accept at once is lost."""

    def connected(self) -> None:
        small_send_buffer(self)
        super().connected()

    def flush(self) -> None:
        super().flush()
        self.output.clear()
