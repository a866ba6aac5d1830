"""The services: what is answered. How it gets there is serving.py's business."""

import codecs

from .chat import Chat
from .connection import Connection
from .datagrams import UdpEcho
from .service import Service
from .store import Crud


class Echo(Connection):
    """echo (SPEC 2): every byte comes back."""

    defaults = {"greeting": b""}

    def connected(self) -> None:
        """Greet."""
        self.send(self.setting("greeting"))

    def received(self, data: bytes) -> None:
        """Send it back."""
        self.send(data)


class Greet(Connection):
    """greet (SPEC 3): a greeting, later a farewell, then the end; input is dropped."""

    defaults = {
        "greeting": b"Hello! I am TCP server\n",
        "farewell": b"Good bye!\n\n\n",
        "delay": b"1",
    }

    @classmethod
    def check(cls, settings: "dict[str, bytes]") -> None:
        """The delay must be a number of seconds; found out now and not at the first client."""
        text = settings["delay"].decode("utf-8", "replace")
        try:
            seconds = float(text)
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds <= 3600:  # neither does not-a-number compare
            raise ValueError(f"{text!r}: the delay is seconds, at most 3600")

    def connected(self) -> None:
        """Greet, and have the farewell follow."""
        self.send(self.setting("greeting"))
        self.server.call_later(float(self.setting("delay")), self.part)

    def part(self) -> None:
        """Say good bye and end, if the client is still there."""
        if self.open:
            self.send(self.setting("farewell"))
            self.finish()
            self.advance()

    def ended(self) -> None:
        """A client that has ended its side still gets the farewell."""


class Quit(Connection):
    """quit (SPEC 4): upper-case answers, each followed by the token."""

    defaults = {"greeting": b"Hello from the server!\n", "token": b"QUIT"}

    def connected(self) -> None:
        """Greet."""
        # A letter may be split over two reads: the decoder keeps its first bytes.
        self.decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self.send(self.setting("greeting"))

    def received(self, data: bytes) -> None:
        """Answer what has arrived, as far as it is whole."""
        text = self.decoder.decode(data)
        if text:
            self.answer(text)

    def answer(self, text: str) -> None:
        """The text in upper case, and the token."""
        self.send(text.upper().encode("utf-8", "surrogateescape"))
        self.send(self.setting("token"))

    def ended(self) -> None:
        """Answer the rest of a letter that never became whole, then end."""
        rest = self.decoder.decode(b"", True)
        if rest:
            self.answer(rest)
        self.finish()


class HalfOpen(Connection):
    """half-open (SPEC 5): the count of bytes, after the client's FIN."""

    defaults = {"reply": b"received {n} bytes\n"}

    def connected(self) -> None:
        """Nothing is said before the client has ended."""
        self.count = 0

    def received(self, data: bytes) -> None:
        """Count."""
        self.count += len(data)

    def ended(self) -> None:
        """Reply, then end."""
        self.send(self.setting("reply").replace(b"{n}", b"%d" % self.count))
        self.finish()


class Reset(Connection):
    """reset (SPEC 6): lines come back; the command is answered by RST."""

    defaults = {"command": b"RESET"}

    #: Bytes of an unfinished line that are kept to see whether it is the command.
    kept = 4096

    def connected(self) -> None:
        """No line has begun."""
        self.line = b""
        self.line_goes_on = False

    def received(self, data: bytes) -> None:
        """Send whole lines back, until one is the command."""
        *lines, self.line = (self.line + data).split(b"\n")
        for line in lines:
            if self.is_command(line) and not self.line_goes_on:
                self.abort()
                return
            self.line_goes_on = False
            self.send(line + b"\n")
        self.pass_on_a_long_line()

    def pass_on_a_long_line(self) -> None:
        """What is too long for the command goes back at once: memory stays bounded."""
        # One byte more than the command: a CR before the LF.
        longest = max(self.kept, len(self.setting("command")) + 1)
        if self.line_goes_on or len(self.line) > longest:
            self.send(self.line)
            self.line, self.line_goes_on = b"", True

    def is_command(self, line: bytes) -> bool:
        """Whether a line (without its LF) is the command; CR LF ends it as well."""
        return line == self.setting("command") or line == self.setting("command") + b"\r"

    def ended(self) -> None:
        """An unterminated rest comes back, then the end."""
        self.send(self.line)
        self.finish()


class Hello(Connection):
    """hello (SPEC 8): whatever comes is answered by one sentence."""

    defaults = {"reply": b"Hello World form the server!"}

    def received(self, _data: bytes) -> None:
        """Say the sentence, whatever was said."""
        self.send(self.setting("reply"))


class Discard(Connection):
    """discard (SPEC 9): what is received is forgotten."""


#: Profile -> the service that meets it.
SERVICES: "dict[str, type[Service]]" = {
    "echo": Echo,
    "greet": Greet,
    "quit": Quit,
    "half-open": HalfOpen,
    "reset": Reset,
    "hello": Hello,
    "discard": Discard,
    "udp-echo": UdpEcho,
    "chat": Chat,
    "crud": Crud,
}
