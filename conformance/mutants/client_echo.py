"""Broken clients for client-echo."""

import os
import signal
import socket
import struct

from ..reference.python.client import Client
from .declare import Family

family = Family("client-echo")
fault = family.fault
MUTANTS = family.mutants

#: SO_LINGER on, zero seconds: close() sends RST.
ABORT = struct.pack("ii", 1, 0)


@fault("dials-somewhere-else", breaks="connects")
class DialsSomewhereElse(Client):
    """Connects to a fixed port instead of the given one."""

    def connect(self, host: str, port: int) -> socket.socket:
        return super().connect(host, 1)


@fault("connects-at-the-first-line", breaks="connects")
class ConnectsAtTheFirstLine(Client):
    """Connects only when the first line has been typed."""

    def connect(self, host: str, port: int) -> socket.socket:
        os.read(0, 1)
        return super().connect(host, port)


@fault("prints-nothing", breaks="prints")
class PrintsNothing(Client):
    """Received data is not shown."""

    def received(self, data: bytes) -> None:
        pass


@fault("prints-at-the-end", breaks="prints")
class PrintsAtTheEnd(Client):
    """Received data is shown only when the server has ended."""

    kept = b""

    def received(self, data: bytes) -> None:
        self.kept += data

    def ended(self) -> None:
        self.show(self.kept)
        super().ended()


@fault("prints-whole-lines", breaks="prints-the-rest")
class PrintsWholeLines(Client):
    """A last line without a newline is lost."""

    rest = b""

    def received(self, data: bytes) -> None:
        whole, newline, self.rest = (self.rest + data).rpartition(b"\n")
        self.show(whole + newline)


@fault("sends-nothing", breaks="sends-lines")
class SendsNothing(Client):
    """Typed lines are not sent."""

    def line(self, line: bytes) -> None:
        if line == self.settings["leave"]:
            super().line(line)


@fault("sends-at-the-end", breaks="sends-lines")
class SendsAtTheEnd(Client):
    """Typed lines are sent only with the good bye."""

    kept = b""

    def send(self, data: bytes) -> None:
        self.kept += data

    def finish(self) -> None:
        super().send(self.kept)
        super().finish()


@fault("sends-the-first-word", breaks="sends-lines")
class SendsTheFirstWord(Client):
    """Only the first word of a line is sent."""

    def send(self, data: bytes) -> None:
        super().send(data.partition(b" ")[0] + b"\n" if data.endswith(b"\n") else data)


@fault("forgets-what-is-typed-ahead", breaks="pasted")
class ForgetsWhatIsTypedAhead(Client):
    """With each line, all other lines that wait are discarded."""

    def line(self, line: bytes) -> None:
        import termios

        super().line(line)
        termios.tcflush(0, termios.TCIFLUSH)


@fault("leaves-in-silence", breaks="exit")
class LeavesInSilence(Client):
    """The client ends without its good bye."""

    def line(self, line: bytes) -> None:
        if line == self.settings["leave"]:
            self.finish()
        else:
            super().line(line)


@fault("leaves-by-reset", breaks="exit")
class LeavesByReset(Client):
    """The client ends with RST instead of FIN."""

    def leave(self, word: bytes) -> None:
        self.send(word)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
        self.over = True


@fault("stays-after-exit", breaks="exit")
class StaysAfterExit(Client):
    """Sends good bye and FIN, but does not exit."""

    def line(self, line: bytes) -> None:
        super().line(line)
        if self.leaving:
            while True:
                signal.pause()


@fault("any-exit", breaks="only-exit")
class AnyExit(Client):
    """A line that only begins with "exit" ends the client too."""

    def line(self, line: bytes) -> None:
        leave = self.settings["leave"]
        super().line(leave if line.startswith(leave + b" ") else line)


@fault("dies-of-interrupt", breaks="interrupt")
class DiesOfInterrupt(Client):
    """^C ends the client before it sends anything."""

    def interrupted(self) -> None:
        os._exit(130)


@fault("ignores-interrupt", breaks="interrupt")
class IgnoresInterrupt(Client):
    """^C does nothing."""

    def loop(self, selector):  # type: ignore[no-untyped-def]
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        super().loop(selector)


@fault("says-good-bye-twice", breaks="interrupt")
class SaysGoodByeTwice(Client):
    """^C is treated like the line "exit"."""

    def interrupted(self) -> None:
        self.leave(self.settings["goodbye"])


@fault("outlives-the-server", breaks="server-ends")
class OutlivesTheServer(Client):
    """The server's end is not noticed until a line is typed."""

    def ended(self) -> None:
        os.read(0, 1)
        super().ended()


@fault("breaks-in-silence", breaks="reset-reported")
class BreaksInSilence(Client):
    """The server's reset is not reported."""

    def failed(self, _error: OSError) -> None:
        self.status = 1


@fault("all-is-well", breaks="reset-status")
class AllIsWell(Client):
    """The exit status is 0 although the server has reset the connection."""

    def failed(self, error: OSError) -> None:
        super().failed(error)
        self.status = 0


@fault("shows-its-stack", breaks="reset-no-trace")
class ShowsItsStack(Client):
    """The error is shown with a stack trace."""

    def failed(self, _error: OSError) -> None:
        import traceback

        traceback.print_exc()
        self.status = 1
