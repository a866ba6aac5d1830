"""The services, which define the answers; serving.py handles the connections."""

import codecs

from .chat import Chat
from .connection import Connection
from .datagrams import UdpEcho
from .service import Service
from .store import Crud


class Echo(Connection):
    """echo (SPEC 2): every byte is sent back."""

    defaults = {"greeting": b""}

    def connected(self) -> None:
        """Send the greeting."""
        self.send(self.setting("greeting"))

    def received(self, data: bytes) -> None:
        """Send the data back."""
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
        """Check now, not with the first client, that the delay is a number of seconds."""
        text = settings["delay"].decode("utf-8", "replace")
        try:
            seconds = float(text)
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds <= 3600:  # this is also true for not-a-number
            raise ValueError(f"{text!r}: the delay is seconds, at most 3600")

    def connected(self) -> None:
        """Send the greeting, and schedule the farewell."""
        self.send(self.setting("greeting"))
        self.server.call_later(float(self.setting("delay")), self.part)

    def part(self) -> None:
        """Send the farewell and end, if the client is still connected."""
        if self.open:
            self.send(self.setting("farewell"))
            self.finish()
            self.advance()

    def ended(self) -> None:
        """Do nothing: a client that has ended its side still gets the farewell."""


class Quit(Connection):
    """quit (SPEC 4): upper-case answers, each followed by the token."""

    defaults = {"greeting": b"Hello from the server!\n", "token": b"QUIT"}

    def connected(self) -> None:
        """Send the greeting."""
        # A character may be split over two reads: the decoder keeps its first bytes.
        self.decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self.send(self.setting("greeting"))

    def received(self, data: bytes) -> None:
        """Answer the complete characters that have arrived."""
        text = self.decoder.decode(data)
        if text:
            self.answer(text)

    def answer(self, text: str) -> None:
        """Send the text in upper case, and the token."""
        self.send(text.upper().encode("utf-8", "surrogateescape"))
        self.send(self.setting("token"))

    def ended(self) -> None:
        """Answer the bytes of an incomplete character, then end."""
        rest = self.decoder.decode(b"", True)
        if rest:
            self.answer(rest)
        self.finish()


class HalfOpen(Connection):
    """half-open (SPEC 5): the count of bytes, after the client's FIN."""

    defaults = {"reply": b"received {n} bytes\n"}

    def connected(self) -> None:
        """Start the count; nothing is sent before the client's end."""
        self.count = 0

    def received(self, data: bytes) -> None:
        """Count the bytes."""
        self.count += len(data)

    def ended(self) -> None:
        """Send the reply, then end."""
        self.send(self.setting("reply").replace(b"{n}", b"%d" % self.count))
        self.finish()


class Reset(Connection):
    """reset (SPEC 6): lines come back; the command is answered by RST."""

    defaults = {"command": b"RESET"}

    #: The most bytes of an unfinished line that are kept to check whether it is the command.
    kept = 4096

    def connected(self) -> None:
        """Set the initial state: no line has begun."""
        self.line = b""
        self.line_goes_on = False

    def received(self, data: bytes) -> None:
        """Send complete lines back, until one is the command."""
        *lines, self.line = (self.line + data).split(b"\n")
        for line in lines:
            if self.is_command(line) and not self.line_goes_on:
                self.abort()
                return
            self.line_goes_on = False
            self.send(line + b"\n")
        self.pass_on_a_long_line()

    def pass_on_a_long_line(self) -> None:
        """Send back at once a line that is too long for the command, to limit memory."""
        # One byte more than the command is allowed: a CR before the LF.
        longest = max(self.kept, len(self.setting("command")) + 1)
        if self.line_goes_on or len(self.line) > longest:
            self.send(self.line)
            self.line, self.line_goes_on = b"", True

    def is_command(self, line: bytes) -> bool:
        """Return whether a line (without its LF) is the command; CR LF ends it as well."""
        return line == self.setting("command") or line == self.setting("command") + b"\r"

    def ended(self) -> None:
        """Send an unfinished line back, then end."""
        self.send(self.line)
        self.finish()


class Hello(Connection):
    """hello (SPEC 8): any input is answered by the same sentence."""

    defaults = {"reply": b"Hello World form the server!"}

    def received(self, _data: bytes) -> None:
        """Send the sentence, whatever the input was."""
        self.send(self.setting("reply"))


class Discard(Connection):
    """discard (SPEC 9): all input is discarded."""


#: Profile -> its service.
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
