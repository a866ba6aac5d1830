"""Broken echo servers: ends, pauses, other clients; echo_bytes.py has the rest of the family."""

from ..reference.python.services import Echo
from .common import add_to, small_send_buffer
from .echo_bytes import family

fault = family.fault
MUTANTS = family.mutants


@fault("says-bye", breaks="nothing-else")
class SaysBye(Echo):
    """Sends a farewell before FIN if the client has sent quit."""

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
    """Does not send FIN after the client's FIN."""

    def ended(self) -> None:
        pass


@fault("drops-pending-at-fin", breaks="half-close-pending")
class DropsPendingAtFin(Echo):
    """Closes on FIN, even if data still has to be written."""

    def connected(self) -> None:
        small_send_buffer(self)
        super().connected()

    def wants(self) -> int:
        return super().wants() | (0 if self.input_ended else 1)

    def ended(self) -> None:
        self.output.clear()
        super().ended()


class UnboundedEcho(Echo):
    """Keeps reading, like a library that writes without a limit (not a fault by itself)."""

    def wants(self) -> int:
        return super().wants() | (0 if self.input_ended else 1)


@fault("drops-its-queue-at-fin", breaks="half-close-pending")
class DropsItsQueueAtFin(UnboundedEcho):
    """Closes on FIN: the data in the socket is still sent, its own queue is lost."""

    def ended(self) -> None:
        self.output.clear()
        super().ended()


@fault("drops-its-buffer-at-fin", breaks="half-close-pending")
class DropsItsBufferAtFin(Echo):
    """Closes on FIN, and loses the data in its bounded buffer."""

    def ended(self) -> None:
        self.output.clear()
        super().ended()


@fault("resets-at-fin-while-writing", breaks="half-close-pending")
class ResetsAtFinWhileWriting(UnboundedEcho):
    """Resets the connection on FIN if its queue is not empty."""

    def ended(self) -> None:
        if self.output:
            self.abort()
        super().ended()


@fault("waits-for-first-byte", breaks="fin-at-once")
class WaitsForFirstByte(Echo):
    """A client that ends without a byte gets no FIN."""

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
    """Keeps three megabytes of output and drops older data."""

    def connected(self) -> None:
        small_send_buffer(self)
        super().connected()

    def wants(self) -> int:
        return super().wants() | (0 if self.input_ended else 1)

    def received(self, data: bytes) -> None:
        super().received(data)
        del self.output[: max(0, len(self.output) - 3 * 1024 * 1024)]


@fault("buffers-without-bound", breaks="backpressure")
class BuffersWithoutBound(Echo):
    """Keeps reading, although the client does not read the echo."""

    def wants(self) -> int:
        return super().wants() | (0 if self.input_ended else 1)

    def received(self, data: bytes) -> None:
        self.output += data


@fault("always-asks-to-write", breaks="idle")
class AlwaysAsksToWrite(Echo):
    """Waits until a socket is writable although it has nothing to write."""

    def wants(self) -> int:
        return super().wants() | 2


@fault("one-buffer-for-all", breaks="isolation")
class OneBufferForAll(Echo):
    """Clients share a buffer: unanswered data of one client is sent to another."""

    rest = b""

    def received(self, data: bytes) -> None:
        OneBufferForAll.rest += data
        whole, newline, OneBufferForAll.rest = OneBufferForAll.rest.rpartition(b"\n")
        super().received(whole + newline)

    def ended(self) -> None:
        self.send(OneBufferForAll.rest)
        OneBufferForAll.rest = b""
        super().ended()


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
    """The LF of a line is held back until more data follows."""

    held = b""

    def received(self, data: bytes) -> None:
        data = self.held + data
        self.held = b"\n" if data.endswith(b"\n") else b""
        super().received(data[: len(data) - len(self.held)])

    def ended(self) -> None:
        self.send(self.held)
        super().ended()


add_to(family, Echo)
