"""Broken half-open servers."""

from ..reference.python.services import HalfOpen
from .common import add_to
from .declare import Family

family = Family("half-open")
fault = family.fault
MUTANTS = family.mutants


@fault("closes-at-fin", breaks="reply")
class ClosesAtFin(HalfOpen):
    """Closes on the client's FIN, as allowHalfOpen: false does; the reply is lost."""

    def ended(self) -> None:
        self.finish()


@fault("counts-one-more", breaks="reply")
class CountsOneMore(HalfOpen):
    """The count is off by one."""

    def ended(self) -> None:
        self.count += 1
        super().ended()


@fault("replies-in-hexadecimal", breaks="reply")
class RepliesInHexadecimal(HalfOpen):
    """The count is not a decimal number."""

    def ended(self) -> None:
        self.send(self.setting("reply").replace(b"{n}", b"0x%x" % self.count))
        self.finish()


@fault("replies-at-once", breaks="silent-before-fin")
class RepliesAtOnce(HalfOpen):
    """Replies to the first bytes, without waiting for the client's FIN."""

    replied = False

    def received(self, data: bytes) -> None:
        super().received(data)
        if not self.replied:
            self.replied = True
            self.send(self.setting("reply").replace(b"{n}", b"%d" % self.count))

    def ended(self) -> None:
        if self.replied:
            self.finish()
        else:
            super().ended()


@fault("acknowledges-parts", breaks="silent-before-fin")
class AcknowledgesParts(HalfOpen):
    """Answers every read with a dot."""

    def received(self, data: bytes) -> None:
        super().received(data)
        self.send(b".")


@fault("greets", breaks="silent-before-fin")
class Greets(HalfOpen):
    """Sends a greeting line on connect."""

    def connected(self) -> None:
        super().connected()
        self.send(b"welcome\n")


@fault("no-reply-for-nothing", breaks="zero-bytes")
class NoReplyForNothing(HalfOpen):
    """FIN without any input gets no reply."""

    def ended(self) -> None:
        if self.count:
            super().ended()
        else:
            self.finish()


@fault("stays-for-nothing", breaks="zero-bytes")
class StaysForNothing(HalfOpen):
    """A client that ends without a byte is never answered."""

    def ended(self) -> None:
        if self.count:
            super().ended()


@fault("counts-in-16-bits", breaks="large")
class CountsIn16Bits(HalfOpen):
    """The count wraps at 65,536."""

    def ended(self) -> None:
        self.count %= 65536
        super().ended()


@fault("stops-at-a-megabyte", breaks="large")
class StopsAtAMegabyte(HalfOpen):
    """Stops counting after a megabyte."""

    def received(self, data: bytes) -> None:
        super().received(data)
        self.count = min(self.count, 1024 * 1024)


@fault("counts-characters", breaks="count-binary")
class CountsCharacters(HalfOpen):
    """Counts characters instead of bytes."""

    def received(self, data: bytes) -> None:
        self.count += len(data.decode("utf-8", "ignore"))


@fault("stops-at-nul", breaks="count-binary")
class StopsAtNul(HalfOpen):
    """Counts with strlen."""

    def received(self, data: bytes) -> None:
        self.count += len(data.partition(b"\0")[0])


@fault("counts-crlf-as-one", breaks="count-binary")
class CountsCrlfAsOne(HalfOpen):
    """Reads in text mode, so that CR LF counts as one byte."""

    def received(self, data: bytes) -> None:
        super().received(data.replace(b"\r\n", b"\n"))


@fault("reads-once", breaks="segments")
class ReadsOnce(HalfOpen):
    """Treats one read of at most 64 bytes as the whole message."""

    read_size = 64
    message: "bytes | None" = None

    def received(self, data: bytes) -> None:
        if self.message is None:
            self.message = data
            super().received(data)


@fault("stays-after-reply", breaks="ends-fin")
class StaysAfterReply(HalfOpen):
    """Does not send FIN after the client's FIN."""

    def send_fin(self) -> None:
        self.fin_sent, self.input_ended = True, False


@fault("resets-after-reply", breaks="ends-fin")
class ResetsAfterReply(HalfOpen):
    """Ends the connection by RST instead of FIN."""

    def send_fin(self) -> None:
        self.abort()


@fault("says-more", breaks="ends-fin")
class SaysMore(HalfOpen):
    """A second line follows the reply."""

    def ended(self) -> None:
        super().ended()
        self.send(b"bye\n")


@fault("one-count-for-all", breaks="isolation")
class OneCountForAll(HalfOpen):
    """Clients that are connected at the same time share one count."""

    def received(self, data: bytes) -> None:
        for connection in self.server.connections:
            connection.count += len(data)  # type: ignore[attr-defined]


@fault("reply-without-newline", breaks="terminal")
class ReplyWithoutNewline(HalfOpen):
    """The reply's newline is missing."""

    def setting(self, name: str) -> bytes:
        return super().setting(name).rstrip()


@fault("adds-a-nul", breaks="ends-fin")
class AddsANul(HalfOpen):
    """A NUL (the end of the C string) follows the reply."""

    def ended(self) -> None:
        super().ended()
        self.send(b"\0")


class RepliesLater(HalfOpen):
    """Correct, but slow: the reply is written half a second after the client's FIN.

    By then its client has certainly gone; with an immediate reply that would be chance. One
    read takes everything, so that of two clients the older one's end is seen first.
    """

    read_size = 1024 * 1024

    def ended(self) -> None:
        self.server.call_later(0.5, self.reply)

    def reply(self) -> None:
        if self.open:
            super().ended()
            self.advance()


add_to(family, HalfOpen, writing=RepliesLater, at_last=True)
