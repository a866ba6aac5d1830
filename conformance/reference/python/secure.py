"""TLS under a connection: a socket that seals and unseals, and never blocks.

What a right server minds: the peer's close_notify is the end of its side only (RFC 8446
6.1), and ours is sent before the FIN; what has been decrypted makes no socket readable, so it
is asked for (``pending``); a handshake that hangs or fails concerns that client alone; and
what was encrypted once must be sent, before anything else is.
"""

import os
import socket
import ssl

from .connection import READ, Connection

#: Plain bytes sealed at once.
PIECE = 64 * 1024


def server_context() -> ssl.SSLContext:
    """The certificate that TLS_CERT and TLS_KEY name; ValueError when they do not."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(os.environ["TLS_CERT"], os.environ["TLS_KEY"])
    except KeyError as error:
        raise ValueError(f"{error.args[0]} is not set: tls:// needs a certificate") from None
    return context


class TlsSocket:
    """As much of a socket as a connection uses, with TLS over it."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        self._sock = sock
        self._incoming, self._leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._leaving, server_side=True)
        self._plain = bytearray()
        self._wire = b""
        self._sealed = 0  # plain bytes of what is in _wire
        self._ended = self._told = False
        self._ending = False

    @property
    def pending(self) -> bool:
        """Whether recv() has something without the network."""
        return bool(self._plain) or (self._ended and not self._told)

    def do_handshake(self) -> None:
        """Go on with the handshake; BlockingIOError until it is over."""
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._flush()
                self._read_wire()
        self._flush()
        # The client's first words may have come with the last of its handshake.
        self._unseal()

    def recv(self, size: int) -> bytes:
        """Plain bytes; ``b""`` is the end of the client's side."""
        while not self._plain and not self._ended:
            self._read_wire()
            self._unseal()
        data = bytes(self._plain[:size])
        del self._plain[: len(data)]
        self._told = not data
        return data

    def send(self, data: "bytes | bytearray") -> int:
        """The number of bytes sent; after BlockingIOError the same bytes must come again."""
        if not self._sealed:
            self._sealed = self._tls.write(data[:PIECE])
        if not self._flush():
            raise BlockingIOError
        sent, self._sealed = self._sealed, 0
        return sent

    def shutdown(self, how: int) -> None:
        """End our side: close_notify, then FIN; after BlockingIOError to be called again."""
        if not self._ending:
            self._ending = True
            try:
                self._tls.unwrap()
            except ssl.SSLError:
                pass  # it waits for the client's own
        if not self._flush():
            raise BlockingIOError
        self._sock.shutdown(how)

    def setsockopt(self, level: int, option: int, value: "int | bytes") -> None:
        """The socket's own."""
        self._sock.setsockopt(level, option, value)

    def fileno(self) -> int:
        """The socket's own."""
        return self._sock.fileno()

    def close(self) -> None:
        """The socket's own."""
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
        """Send what is sealed; whether all of it went."""
        self._wire += self._leaving.read()
        while self._wire:
            try:
                sent = self._sock.send(self._wire)
            except (BlockingIOError, InterruptedError):
                return False
            self._wire = self._wire[sent:]
        return True


class Handshake(Connection):
    """A client that is not one yet; it becomes the service's when its handshake is over."""

    def begin(self) -> None:
        """Wait for its first words."""
        self.server.watch(self, READ)

    def ready(self, _events: int) -> None:
        """The next step of the handshake."""
        try:
            self.sock.do_handshake()  # type: ignore[attr-defined]
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:  # ssl.SSLError is one
            self.dropped(error)
            return
        self.server.forget(self)
        self.server.take(self.sock)
