"""Broken reset servers."""

from ..reference.python.services import Reset
from .common import add_to
from .declare import Family

family = Family("reset")
fault = family.fault
MUTANTS = family.mutants


@fault("resets-nine-times", breaks="reset")
class ResetsNineTimes(Reset):
    """From the tenth command on the connection ends by FIN instead of RST."""

    times = 0

    def abort(self) -> None:
        ResetsNineTimes.times += 1
        if ResetsNineTimes.times < 10:
            super().abort()
        else:
            self.finish()


@fault("forgets-its-queue-at-fin", breaks="ends-fin")
class ForgetsItsQueueAtFin(Reset):
    """Queues without a limit, and at FIN drops the data that its client has not received yet."""

    def wants(self) -> int:
        return super().wants() | (0 if self.input_ended else 1)

    def ended(self) -> None:
        self.output.clear()
        super().ended()


@fault("drops-its-buffer-at-fin", breaks="ends-fin")
class DropsItsBufferAtFin(Reset):
    """Closes on FIN, and loses the data in its bounded buffer."""

    def ended(self) -> None:
        self.output.clear()
        super().ended()


@fault("strips-blanks", breaks="lines")
class StripsBlanks(Reset):
    """Strips blanks from a line's ends."""

    def send(self, data: bytes) -> None:
        super().send(data.strip(b" \t\n") + b"\n" if data.endswith(b"\n") else data)


@fault("skips-empty-lines", breaks="lines")
class SkipsEmptyLines(Reset):
    """An empty line is not sent back."""

    def send(self, data: bytes) -> None:
        if data != b"\n":
            super().send(data)


@fault("decodes-utf8", breaks="lines")
class DecodesUtf8(Reset):
    """Decodes lines as UTF-8, with replacement."""

    def send(self, data: bytes) -> None:
        super().send(data.decode("utf-8", "replace").encode())


@fault("turns-crlf-to-lf", breaks="crlf")
class TurnsCrlfToLf(Reset):
    """CR LF comes back as LF."""

    def send(self, data: bytes) -> None:
        super().send(data.replace(b"\r\n", b"\n"))


@fault("closes-instead", breaks="reset")
class ClosesInstead(Reset):
    """Closes the connection by FIN instead of RST."""

    def abort(self) -> None:
        self.close()


@fault("finishes-instead", breaks="reset")
class FinishesInstead(Reset):
    """Sends FIN instead of RST and keeps reading."""

    def abort(self) -> None:
        self.finish()


@fault("does-not-know-crlf", breaks="reset")
class DoesNotKnowCrlf(Reset):
    """The command with CR LF at its end is treated as an ordinary line."""

    def is_command(self, line: bytes) -> bool:
        return line == self.setting("command")


@fault("answers-before-reset", breaks="reset")
class AnswersBeforeReset(Reset):
    """Sends a message before it resets the connection."""

    def abort(self) -> None:
        self.sock.send(b"resetting\n")
        super().abort()


@fault("ignores-case", breaks="case-sensitive")
class IgnoresCase(Reset):
    """The command works in any case."""

    def is_command(self, line: bytes) -> bool:
        return super().is_command(line.upper())


@fault("resets-everybody", breaks="others-undisturbed")
class ResetsEverybody(Reset):
    """Resets all connections instead of one."""

    def abort(self) -> None:
        for connection in list(self.server.connections):
            Reset.abort(connection)


@fault("command-anywhere", breaks="exact-line")
class CommandAnywhere(Reset):
    """A line that contains the command resets the connection."""

    def is_command(self, line: bytes) -> bool:
        return self.setting("command") in line


@fault("command-as-prefix", breaks="exact-line")
class CommandAsPrefix(Reset):
    """A line that begins with the command resets the connection."""

    def is_command(self, line: bytes) -> bool:
        return line.startswith(self.setting("command"))


@fault("strips-before-comparing", breaks="exact-line")
class StripsBeforeComparing(Reset):
    """Blanks around the command are ignored."""

    def is_command(self, line: bytes) -> bool:
        return super().is_command(line.strip())


@fault("compares-reads", breaks="split")
class ComparesReads(Reset):
    """Treats a read as a line: a command in two segments is not recognised."""

    def received(self, data: bytes) -> None:
        if self.is_command(data.rstrip(b"\n")) and data.endswith(b"\n"):
            self.abort()
        else:
            self.send(data)


@fault("aborts-without-newline", breaks="split")
class AbortsWithoutNewline(Reset):
    """Resets before the end of the command's line has come."""

    def received(self, data: bytes) -> None:
        super().received(data)
        if self.open and self.line == self.setting("command"):
            self.abort()


@fault("waits-for-newline-at-fin", breaks="unterminated")
class WaitsForNewlineAtFin(Reset):
    """An unterminated rest keeps the connection open."""

    def ended(self) -> None:
        if not self.line:
            super().ended()


@fault("resets-unterminated", breaks="unterminated")
class ResetsUnterminated(Reset):
    """An unterminated rest is an error, and resets the connection."""

    def ended(self) -> None:
        if self.line:
            self.abort()
        else:
            super().ended()


@fault("resets-at-fin", breaks="ends-fin")
class ResetsAtFin(Reset):
    """Answers FIN by RST."""

    def ended(self) -> None:
        self.abort()


@fault("stays-after-fin", breaks="ends-fin")
class StaysAfterFin(Reset):
    """Does not send FIN after the client's FIN."""

    def ended(self) -> None:
        pass


@fault("cuts-long-lines", breaks="large")
class CutsLongLines(Reset):
    """Lines are truncated at 512 bytes."""

    def send(self, data: bytes) -> None:
        super().send(data if len(data) <= 512 else data[:511] + b"\n")


@fault("says-bye", breaks="nothing-else")
class SaysBye(Reset):
    """Adds a line when the client asks for help or quits."""

    def send(self, data: bytes) -> None:
        super().send(data)
        if data == b"quit\n":
            super().send(b"bye\n")


@fault("shares-a-buffer", breaks="isolation")
class SharesABuffer(Reset):
    """Clients share the buffer of the unfinished line."""

    shared = b""

    def received(self, data: bytes) -> None:
        self.line = SharesABuffer.shared
        super().received(data)
        SharesABuffer.shared = self.line


@fault("rings-a-bell", breaks="terminal")
class RingsABell(Reset):
    """Every line comes back with a bell."""

    def send(self, data: bytes) -> None:
        super().send(data.replace(b"\n", b"\a\n"))


class ForgetsTheRest(Reset):
    """Allowed, not a fault: an unterminated rest does not come back."""

    def ended(self) -> None:
        self.finish()


add_to(family, Reset, writing=ForgetsTheRest)
