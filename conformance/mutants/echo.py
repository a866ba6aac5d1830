"""echo, broken."""

from ..reference.python.services import Echo
from .common import add_to, small_send_buffer
from .form import Family

family = Family("echo")
fault = family.fault
MUTANTS = family.mutants


@fault("prompts", breaks="greeting")
class Prompts(Echo):
    """Sends a prompt on connect."""

    def connected(self) -> None:
        super().connected()
        self.send(b"> ")


@fault("greets-late", breaks="greeting")
class GreetsLate(Echo):
    """Greets when the first input comes, with a newline of its own."""

    greeted = False

    def connected(self) -> None:
        pass

    def received(self, data: bytes) -> None:
        if not self.greeted:
            self.greeted = True
            self.send(self.setting("greeting") or b"\n")
        super().received(data)


@fault("answers-once", breaks="simple")
class AnswersOnce(Echo):
    """Echoes the first read of a connection and then nothing more."""

    answered = False

    def received(self, data: bytes) -> None:
        if not self.answered:
            self.answered = True
            super().received(data)


@fault("answers-twice", breaks="simple")
class AnswersTwice(Echo):
    """Writes and pipes: the answer comes twice."""

    def received(self, data: bytes) -> None:
        super().received(data + data)


@fault("waits-for-newline", breaks="no-newline")
class WaitsForNewline(Echo):
    """Echoes whole lines only; a rest comes at FIN."""

    rest = b""

    def received(self, data: bytes) -> None:
        whole, newline, self.rest = (self.rest + data).rpartition(b"\n")
        super().received(whole + newline)

    def ended(self) -> None:
        self.send(self.rest)
        super().ended()


@fault("stops-at-nul", breaks="binary")
class StopsAtNul(Echo):
    """Takes a read for a C string."""

    def received(self, data: bytes) -> None:
        super().received(data.partition(b"\0")[0])


@fault("ends-at-0x04", breaks="binary")
class EndsAtEot(Echo):
    """Takes 0x04 for the end of input."""

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
    """Takes 0xFF for a telnet command and swallows it."""

    def received(self, data: bytes) -> None:
        super().received(data.replace(b"\xff\xff", b"\xff") if b"\xff" in data else data)


@fault("decodes-utf8", breaks="binary")
class DecodesUtf8(Echo):
    """Decodes bytes as UTF-8, with replacement."""

    def received(self, data: bytes) -> None:
        super().received(data.decode("utf-8", "replace").encode())


@fault("clears-high-bit", breaks="binary")
class ClearsHighBit(Echo):
    """Is not 8-bit clean."""

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
    """A buffer of 4096 with room for a NUL: a full read loses its last byte."""

    read_size = 4096

    def received(self, data: bytes) -> None:
        super().received(data[:4095])


@fault("answers-first-line", breaks="coalesced")
class AnswersFirstLine(Echo):
    """Of several lines in one read it answers the first."""

    def received(self, data: bytes) -> None:
        first, newline, _ = data.partition(b"\n")
        super().received(first + newline if newline and data.endswith(b"\n") else data)


@fault("stops-after-a-megabyte", breaks="large")
class StopsAfterAMegabyte(Echo):
    """Serves each client a megabyte."""

    left = 1024 * 1024

    def received(self, data: bytes) -> None:
        super().received(data[: max(0, self.left)])
        self.left -= len(data)


@fault("drops-when-full", breaks="large")
class DropsWhenFull(Echo):
    """What the socket does not take at once is lost."""

    def connected(self) -> None:
        small_send_buffer(self)
        super().connected()

    def flush(self) -> None:
        super().flush()
        self.output.clear()


@fault("says-bye", breaks="nothing-else")
class SaysBye(Echo):
    """Adds a line when the client ends after a command."""

    quitting = False

    def received(self, data: bytes) -> None:
        self.quitting = self.quitting or data.startswith(b"quit")
        super().received(data)

    def ended(self) -> None:
        if self.quitting:
            self.send(b"bye\n")
        super().ended()


@fault("resets-at-fin", breaks="half-close")
class ResetsAtFin(Echo):
    """Answers FIN by RST."""

    def ended(self) -> None:
        self.abort()


@fault("stays-after-fin", breaks="half-close")
class StaysAfterFin(Echo):
    """Never ends its own side."""

    def ended(self) -> None:
        pass


@fault("drops-pending-at-fin", breaks="half-close-pending")
class DropsPendingAtFin(Echo):
    """Closes on FIN, whatever is still to be written."""

    def connected(self) -> None:
        small_send_buffer(self)
        super().connected()

    def wants(self) -> int:
        return super().wants() | (0 if self.input_ended else 1)

    def ended(self) -> None:
        self.output.clear()
        super().ended()


class UnboundedEcho(Echo):
    """Takes all that comes, as a library does that writes without looking (no fault by itself)."""

    def wants(self) -> int:
        return super().wants() | (0 if self.input_ended else 1)


@fault("drops-its-queue-at-fin", breaks="half-close-pending")
class DropsItsQueueAtFin(UnboundedEcho):
    """Closes on FIN: what the socket holds still goes out, its own queue is lost."""

    def ended(self) -> None:
        self.output.clear()
        super().ended()


@fault("resets-at-fin-while-writing", breaks="half-close-pending")
class ResetsAtFinWhileWriting(UnboundedEcho):
    """Aborts on FIN while its queue is not empty."""

    def ended(self) -> None:
        if self.output:
            self.abort()
        super().ended()


@fault("waits-for-first-byte", breaks="fin-at-once")
class WaitsForFirstByte(Echo):
    """A client that ends without a byte gets no end."""

    spoken = False

    def received(self, data: bytes) -> None:
        self.spoken = True
        super().received(data)

    def ended(self) -> None:
        if self.spoken:
            super().ended()


@fault("blocks-in-send", breaks="stalled-reader")
class BlocksInSend(Echo):
    """A client that does not read blocks the whole server."""

    def connected(self) -> None:
        small_send_buffer(self)
        super().connected()

    def flush(self) -> None:
        self.sock.setblocking(True)
        self.sock.sendall(self.output)
        self.sock.setblocking(False)
        self.output.clear()


@fault("loses-after-a-stall", breaks="stalled-reader")
class LosesAfterAStall(Echo):
    """Keeps a megabyte of output and forgets what is older."""

    def connected(self) -> None:
        small_send_buffer(self)
        super().connected()

    def wants(self) -> int:
        return super().wants() | (0 if self.input_ended else 1)

    def received(self, data: bytes) -> None:
        super().received(data)
        del self.output[: max(0, len(self.output) - 1024 * 1024)]


@fault("buffers-without-bound", breaks="backpressure")
class BuffersWithoutBound(Echo):
    """Takes all that comes, although nobody takes the echo."""

    def wants(self) -> int:
        return super().wants() | (0 if self.input_ended else 1)

    def received(self, data: bytes) -> None:
        self.output += data

    def flush(self) -> None:
        if len(self.output) < 4 * 1024 * 1024 or self.input_ended:
            super().flush()


@fault("broadcasts", breaks="isolation")
class Broadcasts(Echo):
    """Sends what it receives to every client."""

    def received(self, data: bytes) -> None:
        for connection in list(self.server.connections):
            connection.send(data)
            if connection is not self:
                connection.advance()


@fault("holds-newline-back", breaks="terminal")
class HoldsNewlineBack(Echo):
    """A line's end is sent with what follows it: a person's cursor stays behind."""

    held = b""

    def received(self, data: bytes) -> None:
        data = self.held + data
        self.held = b"\n" if data.endswith(b"\n") else b""
        super().received(data[: len(data) - len(self.held)])

    def ended(self) -> None:
        self.send(self.held)
        super().ended()


add_to(family, Echo)
