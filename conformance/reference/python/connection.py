"""One client of a server, without a blocking call. A service is a subclass.

Output waits until the client accepts it; while much output waits, the client's input is not read.
"""

import selectors
import socket
import struct

from .service import Service

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing typing would slow down the start
    from .serving import Server

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE

#: The bytes of waiting output from which a client's input is no longer read.
HIGH_WATER = 256 * 1024

#: Seconds that a client may take to end after the server's end.
LINGER = 5.0

#: SO_LINGER on, zero seconds: close() sends RST.
ABORT = struct.pack("ii", 1, 0)


class Connection(Service):
    """One client. A service is a subclass that defines the answers.

    A service overrides ``connected``, ``received`` and ``ended``, and calls ``send``,
    ``finish`` and ``abort``.
    """

    #: The most bytes of one read.
    read_size = 64 * 1024

    def __init__(self, server: "Server", sock: socket.socket) -> None:
        self.server = server
        self.sock = sock
        self.output = bytearray()
        self.input_ended = False
        self.finishing = False
        self.fin_sent = False

    # Methods that a service overrides.

    def connected(self) -> None:
        """Handle a new client."""

    def received(self, data: bytes) -> None:
        """Handle bytes from the client."""

    def ended(self) -> None:
        """Handle the client's FIN."""
        self.finish()

    # Methods that a service calls.

    def setting(self, name: str) -> bytes:
        """Return one of the texts of the service."""
        return self.server.settings[name]

    def send(self, data: bytes) -> None:
        """Send data now, or when the client accepts it."""
        self.output += data

    def finish(self) -> None:
        """Send FIN after all pending data."""
        self.finishing = True

    def abort(self) -> None:
        """Close by RST, and discard pending data."""
        try:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
        except OSError:
            pass  # macOS: the client has already reset the connection
        self.close()

    # Implementation.

    def begin(self) -> None:
        """Start serving a client that has just been accepted."""
        self.connected()
        self.advance()

    def ready(self, events: int) -> None:
        """Handle a socket that can be read or written."""
        # OSError, not only ConnectionError: a lost route (EHOSTUNREACH) or a lost peer
        # (ETIMEDOUT) is an error of only this connection, just like a reset.
        try:
            if events & READ or self.decrypted_waits():
                self.read()
        except OSError as error:
            self.dropped(error)
        if self.open:
            self.advance()

    def read(self) -> None:
        """Read input and pass it to the service."""
        try:
            data = self.sock.recv(self.read_size)
        except (BlockingIOError, InterruptedError):
            return
        if data:
            # After the server's own end, input is read only so that close() sends no RST.
            if not self.finishing:
                self.received(data)
        elif not self.input_ended:
            self.input_ended = True
            self.ended()

    def advance(self) -> None:
        """Write as much as possible, close the ended directions, and wait for further events."""
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
        """Return whether there is wanted input that is already decrypted (TLS).

        Such input does not make the socket readable.
        """
        if self.server.context is None:
            return False
        return self.sock.pending and bool(self.wants() & READ)  # type: ignore[attr-defined]

    def go_on(self) -> None:
        """Read input that is already decrypted."""
        if self.open:
            self.ready(0)

    def flush(self) -> None:
        """Write until the client accepts no more."""
        while self.output:
            try:
                sent = self.sock.send(self.output[:HIGH_WATER])
            except (BlockingIOError, InterruptedError):
                return
            del self.output[:sent]

    def wants(self) -> int:
        """Return the events to wait for."""
        reading = not self.input_ended and len(self.output) < HIGH_WATER
        writing = self.output or (self.finishing and not self.fin_sent)
        return (READ if reading else 0) | (WRITE if writing else 0)

    def send_fin(self) -> None:
        """End the server's direction."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except BlockingIOError:
            return  # over TLS the end is a record, which may have to wait
        except OSError:
            self.input_ended = True  # the client has already closed the connection
        self.fin_sent = True
        self.server.call_later(LINGER, self.close)

    def dropped(self, _error: OSError) -> None:
        """Close the connection, because the client has reset it."""
        self.close()

    @property
    def open(self) -> bool:
        """Whether the connection is not closed yet."""
        return self.sock.fileno() != -1

    def close(self) -> None:
        """Close the connection; idempotent."""
        if self.open:
            self.server.forget(self)
            self.sock.close()
