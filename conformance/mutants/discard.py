"""Broken discard servers."""

from ..reference.python.services import Discard
from .common import add_to
from .declare import Family

family = Family("discard")
fault = family.fault
MUTANTS = family.mutants


@fault("echoes", breaks="silent")
class Echoes(Discard):
    """Sends everything back."""

    def received(self, data: bytes) -> None:
        self.send(data)


@fault("greets", breaks="silent")
class Greets(Discard):
    """Sends a greeting line on connect."""

    def connected(self) -> None:
        self.send(b"welcome\n")


@fault("acknowledges", breaks="silent")
class Acknowledges(Discard):
    """Answers every read with a dot."""

    def received(self, data: bytes) -> None:
        self.send(b".")


@fault("takes-one-read", breaks="any-byte")
class TakesOneRead(Discard):
    """Ends the connection after the first read."""

    def received(self, data: bytes) -> None:
        self.finish()


@fault("stays-for-nothing", breaks="no-input")
class StaysForNothing(Discard):
    """A client that ends without a byte is never answered."""

    heard = False

    def received(self, data: bytes) -> None:
        self.heard = True

    def ended(self) -> None:
        if self.heard:
            super().ended()


@fault("says-nothing-came", breaks="no-input")
class SaysNothingCame(Discard):
    """A client that ends without a byte gets a message about that."""

    heard = False

    def received(self, data: bytes) -> None:
        self.heard = True

    def ended(self) -> None:
        if not self.heard:
            self.send(b"nothing came\n")
        super().ended()


@fault("ends-at-0x04", breaks="any-byte")
class EndsAtEot(Discard):
    """Treats 0x04 as the end of input."""

    def received(self, data: bytes) -> None:
        if b"\x04" in data:
            self.finish()


@fault("aborts-on-broken-utf8", breaks="any-byte")
class AbortsOnBrokenUtf8(Discard):
    """Decodes the input as UTF-8, and resets on an error."""

    def received(self, data: bytes) -> None:
        if b"\xff" in data:
            self.abort()


@fault("full-after-a-megabyte", breaks="large")
class FullAfterAMegabyte(Discard):
    """Resets the connection after a megabyte."""

    count = 0

    def received(self, data: bytes) -> None:
        self.count += len(data)
        if self.count > 1024 * 1024:
            self.abort()


@fault("tires-of-single-bytes", breaks="segments")
class TiresOfSingleBytes(Discard):
    """Treats a read of a single byte as the end."""

    def received(self, data: bytes) -> None:
        if len(data) == 1:
            self.finish()


@fault("stays-at-fin", breaks="ends-fin")
class StaysAtFin(Discard):
    """Does not send FIN after the client's FIN."""

    def ended(self) -> None:
        pass


@fault("resets-at-fin", breaks="ends-fin")
class ResetsAtFin(Discard):
    """Ends the connection by RST instead of FIN."""

    def send_fin(self) -> None:
        self.abort()


@fault("reports-the-count", breaks="silent")
class ReportsTheCount(Discard):
    """Sends a message at the end about the discarded data."""

    def ended(self) -> None:
        self.send(b"discarded\n")
        super().ended()


@fault("ends-all-with-one", breaks="isolation")
class EndsAllWithOne(Discard):
    """The end of one client ends the connections of all."""

    def ended(self) -> None:
        for connection in list(self.server.connections):
            connection.finish()
            if connection is not self:
                connection.advance()


@fault("prompts", breaks="terminal")
class Prompts(Discard):
    """Sends a prompt for more input."""

    def received(self, data: bytes) -> None:
        self.send(b"> ")


add_to(family, Discard, writes=False)
