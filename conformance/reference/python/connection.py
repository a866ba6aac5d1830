"""One client of a server, without a blocking call. A service is a subclass.

What is written waits until the client takes it; while it does not, its input waits too.
"""

import selectors
import socket
import struct

from .service import Service

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing itself would cost start-up time
    from .serving import Server

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE

#: Bytes of output that may wait before a client's input is no longer read.
HIGH_WATER = 256 * 1024

#: Seconds that a client may take to end after we have.
LINGER = 5.0

#: SO_LINGER on, zero seconds: close() sends RST.
ABORT = struct.pack("ii", 1, 0)


class Connection(Service):
    """One client. A service is a subclass that says what is answered.

    A service overrides ``connected``, ``received`` and ``ended``, and calls ``send``,
    ``finish`` and ``abort``.
    """

    #: Bytes of one read.
    read_size = 64 * 1024

    def __init__(self, server: "Server", sock: socket.socket) -> None:
        self.server = server
        self.sock = sock
        self.output = bytearray()
        self.input_ended = False
        self.finishing = False
        self.fin_sent = False

    # What a service says.

    def connected(self) -> None:
        """The client has just connected."""

    def received(self, data: bytes) -> None:
        """Bytes came from the client."""

    def ended(self) -> None:
        """The client has sent FIN."""
        self.finish()

    # What a service calls.

    def setting(self, name: str) -> bytes:
        """One of the texts of the service."""
        return self.server.settings[name]

    def send(self, data: bytes) -> None:
        """Send, now or when the client takes it."""
        self.output += data

    def finish(self) -> None:
        """Send FIN after what is pending."""
        self.finishing = True

    def abort(self) -> None:
        """Close by RST; what is pending is dropped."""
        try:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
        except OSError:
            pass  # macOS: the client has reset it already
        self.close()

    # How it is done.

    def begin(self) -> None:
        """Serve a client that has just been accepted."""
        self.connected()
        self.advance()

    def ready(self, events: int) -> None:
        """The socket can be read or written."""
        # OSError and not ConnectionError alone: a route that is gone (EHOSTUNREACH) or a
        # peer that is (ETIMEDOUT) is the trouble of one connection as much as a reset.
        try:
            if events & READ or self.decrypted_waits():
                self.read()
        except OSError as error:
            self.dropped(error)
        if self.open:
            self.advance()

    def read(self) -> None:
        """Take what came and hand it to the service."""
        try:
            data = self.sock.recv(self.read_size)
        except (BlockingIOError, InterruptedError):
            return
        if data:
            # After our own end input is read only so that close() sends no RST.
            if not self.finishing:
                self.received(data)
        elif not self.input_ended:
            self.input_ended = True
            self.ended()

    def advance(self) -> None:
        """Write what can be written, end what has ended, and wait for the rest."""
        try:
            self.flush()
        except OSError as error:
            self.dropped(error)
        if not self.open:
            return
        if self.finishing and not self.output and not self.fin_sent:
            self.send_fin()
        if self.fin_sent and self.input_ended:
            self.close()
        elif self.open:
            self.server.watch(self, self.wants())
            if self.decrypted_waits():
                self.server.call_later(0, self.go_on)

    def decrypted_waits(self) -> bool:
        """Whether there is input that makes no socket readable, and that we want (TLS)."""
        if self.server.context is None:
            return False
        return self.sock.pending and bool(self.wants() & READ)  # type: ignore[attr-defined]

    def go_on(self) -> None:
        """Take the input that makes no socket readable."""
        if self.open:
            self.ready(0)

    def flush(self) -> None:
        """Write until the client takes no more."""
        while self.output:
            try:
                sent = self.sock.send(self.output[:HIGH_WATER])
            except (BlockingIOError, InterruptedError):
                return
            del self.output[:sent]

    def wants(self) -> int:
        """What to wait for."""
        reading = not self.input_ended and len(self.output) < HIGH_WATER
        writing = self.output or (self.finishing and not self.fin_sent)
        return (READ if reading else 0) | (WRITE if writing else 0)

    def send_fin(self) -> None:
        """End our direction."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except BlockingIOError:
            return  # over TLS the end is a record, which may have to wait
        except OSError:
            self.input_ended = True  # it has gone already
        self.fin_sent = True
        self.server.call_later(LINGER, self.close)

    def dropped(self, _error: OSError) -> None:
        """The client has reset the connection: nobody is left to talk to."""
        self.close()

    @property
    def open(self) -> bool:
        """Whether it has not been closed yet."""
        return self.sock.fileno() != -1

    def close(self) -> None:
        """Let go; idempotent."""
        if self.open:
            self.server.forget(self)
            self.sock.close()
