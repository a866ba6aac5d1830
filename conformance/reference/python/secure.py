"""TLS for a connection: a socket that encrypts and decrypts, and never blocks.

For a correct server, the peer's close_notify ends only the peer's side (RFC 8446 6.1), and its own
is sent before FIN. Decrypted input does not make a socket readable, so the server has to ask for
it (``pending``). A handshake that hangs or fails affects only that client. Data that has been
encrypted must be sent before anything else.
"""

import functools
import os
import socket
import ssl

from .connection import READ, Connection

#: The most plain bytes encrypted at once.
PIECE = 64 * 1024


def server_context() -> ssl.SSLContext:
    """Return a context with the certificate of TLS_CERT and TLS_KEY; ValueError without them."""
    try:
        return context_for(os.environ["TLS_CERT"], os.environ["TLS_KEY"])
    except KeyError as error:
        raise ValueError(f"{error.args[0]} is not set: tls:// needs a certificate") from None


@functools.lru_cache(maxsize=1)
def context_for(certificate: str, key: str) -> ssl.SSLContext:
    """Return a context with the certificate and the key in these PEM files."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    # No session is ever resumed, and tickets are one more segment for each client (RFC 8446 4.6.1).
    context.num_tickets = 0
    return context


class TlsSocket:
    """A socket with TLS; it has only the methods that a connection uses."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        self._sock = sock
        self._incoming, self._leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._leaving, server_side=True)
        self._plain = bytearray()
        self._wire = b""
        self._sealed = 0  # the number of plain bytes in _wire
        self._ended = self._told = False
        self._ending = False

    @property
    def pending(self) -> bool:
        """Whether recv() can return data without reading from the network."""
        return bool(self._plain) or (self._ended and not self._told)

    def do_handshake(self) -> None:
        """Continue the handshake; BlockingIOError until it is complete."""
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._flush()
                self._read_wire()
        self._flush()
        # The client's first data may have come with the end of its handshake.
        self._unseal()

    def recv(self, size: int) -> bytes:
        """Return plain bytes; ``b""`` is the end of the client's side."""
        while not self._plain and not self._ended:
            self._read_wire()
            self._unseal()
        data = bytes(self._plain[:size])
        del self._plain[: len(data)]
        self._told = not data
        return data

    def send(self, data: "bytes | bytearray") -> int:
        """Send bytes, and return their number; after BlockingIOError, call with the same bytes."""
        if not self._sealed:
            self._sealed = self._tls.write(data[:PIECE])
        if not self._flush():
            raise BlockingIOError
        sent, self._sealed = self._sealed, 0
        return sent

    def shutdown(self, how: int) -> None:
        """End the server's side: close_notify, then FIN; after BlockingIOError, call again."""
        if not self._ending:
            self._ending = True
            try:
                self._tls.unwrap()
            except ssl.SSLError:
                pass  # OpenSSL waits for the client's close_notify, which is not required here
        if not self._flush():
            raise BlockingIOError
        self._sock.shutdown(how)

    def setsockopt(self, level: int, option: int, value: "int | bytes") -> None:
        """Set an option of the socket."""
        self._sock.setsockopt(level, option, value)

    def fileno(self) -> int:
        """Return the descriptor of the socket."""
        return self._sock.fileno()

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()

    def _read_wire(self) -> None:
        data = self._sock.recv(PIECE)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def _unseal(self) -> None:
        while not self._ended:
            try:
                piece = self._tls.read(PIECE)
            except ssl.SSLWantReadError:
                return
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                piece = b""
            self._plain += piece
            self._ended = not piece

    def _flush(self) -> bool:
        """Send encrypted data; return whether all of it was sent."""
        self._wire += self._leaving.read()
        while self._wire:
            try:
                sent = self._sock.send(self._wire)
            except (BlockingIOError, InterruptedError):
                return False
            self._wire = self._wire[sent:]
        return True


class Handshake(Connection):
    """A client during its handshake; afterwards the service gets it."""

    def begin(self) -> None:
        """Wait for the client's first bytes."""
        self.server.watch(self, READ)

    def ready(self, _events: int) -> None:
        """Run the next step of the handshake."""
        try:
            self.sock.do_handshake()  # type: ignore[attr-defined]
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:  # ssl.SSLError is one
            self.dropped(error)
            return
        self.server.forget(self)
        self.server.take(self.sock)
