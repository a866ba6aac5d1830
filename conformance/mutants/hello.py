"""Broken hello servers."""

from ..reference.python.services import Hello
from .common import add_to
from .declare import Family

family = Family("hello")
fault = family.fault
MUTANTS = family.mutants


@fault("corrects-the-spelling", breaks="reply")
class CorrectsTheSpelling(Hello):
    """Replies with another sentence than the configured one."""

    def setting(self, name: str) -> bytes:
        return super().setting(name).replace(b"o", b"0")


@fault("says-nothing", breaks="reply")
class SaysNothing(Hello):
    """Reads, and does not reply."""

    def received(self, data: bytes) -> None:
        pass


@fault("cuts-the-reply", breaks="reply")
class CutsTheReply(Hello):
    """The last byte of the reply is missing."""

    def setting(self, name: str) -> bytes:
        return super().setting(name)[:-1]


@fault("replies-to-lines-only", breaks="unfinished")
class RepliesToLinesOnly(Hello):
    """Input without a newline at its end is never answered."""

    def received(self, data: bytes) -> None:
        if b"\n" in data:
            super().received(data)


@fault("shares-a-buffer", breaks="unfinished-apart")
class SharesABuffer(Hello):
    """Clients share a buffer: an unfinished line of one client is completed by another."""

    shared = b""

    def received(self, data: bytes) -> None:
        *lines, SharesABuffer.shared = (SharesABuffer.shared + data).split(b"\n")
        for line in lines:
            super().received(line)

    def ended(self) -> None:
        rest, SharesABuffer.shared = SharesABuffer.shared, b""
        if rest:
            super().received(rest)
        super().ended()


@fault("replies-once", breaks="again")
class RepliesOnce(Hello):
    """Replies only to the first read of a connection."""

    replied = False

    def received(self, data: bytes) -> None:
        if not self.replied:
            self.replied = True
            super().received(data)


@fault("ends-after-the-reply", breaks="again")
class EndsAfterTheReply(Hello):
    """Sends FIN after the first reply."""

    def received(self, data: bytes) -> None:
        super().received(data)
        self.finish()


@fault("greets", breaks="nothing-first")
class Greets(Hello):
    """Sends the reply on connect."""

    def connected(self) -> None:
        self.send(self.setting("reply"))


@fault("replies-to-the-end", breaks="no-input")
class RepliesToTheEnd(Hello):
    """A FIN without input is answered by the reply, too."""

    heard = False

    def received(self, data: bytes) -> None:
        self.heard = True
        super().received(data)

    def ended(self) -> None:
        if not self.heard:
            self.send(self.setting("reply"))
        super().ended()


@fault("stays-for-nothing", breaks="no-input")
class StaysForNothing(Hello):
    """A client that ends without a byte is never answered."""

    heard = False

    def received(self, data: bytes) -> None:
        self.heard = True
        super().received(data)

    def ended(self) -> None:
        if self.heard:
            super().ended()


@fault("adds-a-newline", breaks="whole")
class AddsANewline(Hello):
    """A newline follows each reply."""

    def received(self, data: bytes) -> None:
        super().received(data)
        self.send(b"\n")


@fault("echoes-the-empty-line", breaks="whole")
class EchoesTheEmptyLine(Hello):
    """An empty line comes back instead of the reply."""

    def received(self, data: bytes) -> None:
        if data == b"\n":
            self.send(data)
        else:
            super().received(data)


@fault("refuses-what-is-not-ascii", breaks="whole")
class RefusesOthers(Hello):
    """Input outside ASCII gets an error text."""

    def received(self, data: bytes) -> None:
        if data.isascii():
            super().received(data)
        else:
            self.send(b"error: not ASCII\n")


@fault("needs-a-line-in-one-read", breaks="segments")
class NeedsALineInOneRead(Hello):
    """Treats a read as a line: a read of a single byte is an error."""

    read_size = 1024 * 1024

    def received(self, data: bytes) -> None:
        if len(data) == 1 and data != b"\n":
            self.send(b"error: too short\n")
        else:
            super().received(data)


@fault("full-after-256-kib", breaks="large")
class FullAfter256KiB(Hello):
    """Ends the connection after 256 KiB."""

    count = 0

    def received(self, data: bytes) -> None:
        self.count += len(data)
        if self.count > 256 * 1024:
            self.abort()
        else:
            super().received(data)


@fault("stays-at-fin", breaks="ends-fin")
class StaysAtFin(Hello):
    """Does not send FIN after the client's FIN."""

    def ended(self) -> None:
        pass


@fault("resets-at-fin", breaks="ends-fin")
class ResetsAtFin(Hello):
    """Ends the connection by RST instead of FIN."""

    def send_fin(self) -> None:
        self.abort()


@fault("drops-its-queue-at-fin", breaks="pending")
class DropsItsQueueAtFin(Hello):
    """Replies to each line, and at FIN drops the replies that have not been sent yet."""

    def received(self, data: bytes) -> None:
        for _ in range(max(1, data.count(b"\n"))):
            super().received(data)

    def wants(self) -> int:
        # Like a library that keeps reading while output waits to be written.
        return super().wants() | (0 if self.input_ended else 1)

    def ended(self) -> None:
        self.output.clear()
        super().ended()


@fault("drops-its-buffer-at-fin", breaks="pending")
class DropsItsBufferAtFin(Hello):
    """Closes on FIN, and loses the data in its bounded buffer."""

    def received(self, data: bytes) -> None:
        for _ in range(max(1, data.count(b"\n"))):
            super().received(data)

    def ended(self) -> None:
        self.output.clear()
        super().ended()


@fault("says-bye", breaks="whole")
class SaysBye(Hello):
    """Sends another word before FIN."""

    def ended(self) -> None:
        self.send(b"bye\n")
        super().ended()


@fault("replies-to-all", breaks="isolation")
class RepliesToAll(Hello):
    """Every client gets the replies to all clients' input."""

    def received(self, data: bytes) -> None:
        for connection in list(self.server.connections):
            connection.send(self.setting("reply"))
            if connection is not self:
                connection.advance()


@fault("replies-in-colour", breaks="terminal")
class RepliesInColour(Hello):
    """The reply is wrapped in escape sequences."""

    def setting(self, name: str) -> bytes:
        return b"\x1b[32m" + super().setting(name) + b"\x1b[0m"


@fault("adds-a-nul", breaks="whole")
class AddsANul(Hello):
    """A NUL (the end of the C string) follows each reply."""

    def received(self, data: bytes) -> None:
        super().received(data)
        self.send(b"\0")


class RepliesOften(Hello):
    """Correct, but it replies to every 64 bytes, so that its answers fill the buffers."""

    read_size = 64


add_to(family, Hello, writing=RepliesOften)
