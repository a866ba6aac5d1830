"""TLS as the suite's clients speak it (RFC 8446), without a socket: wire bytes and plain bytes.

Certificates are not verified, and their names are not judged: the suite judges the service, and
the certificate is usually a temporary one. ``close_notify`` is the FIN of a direction; an end
without it counts as an end too (RFC 8446 6.1 requires it, no clause of SPEC.md does).
"""

from __future__ import annotations

import functools
import socket
import ssl

#: The most wire bytes read at once, and the most plain bytes in one record (RFC 8446 5.1).
READ, RECORD = 64 * 1024, 16 * 1024


@functools.lru_cache(maxsize=1)
def client_context() -> ssl.SSLContext:
    """Return the TLS settings of every client of the suite."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Codec:
    """The client's side of one TLS connection.

    Arguments:
        host: the server name that the client sends (SNI).
    """

    def __init__(self, host: str) -> None:
        self._incoming, self._leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = client_context().wrap_bio(self._incoming, self._leaving, server_hostname=host)
        self.established = False
        #: Whether the server will send nothing more.
        self.ended = False
        self._shake()

    @property
    def halves(self) -> bool:
        """Whether one direction can end before the other: since TLS 1.3 (RFC 5246 7.2.1)."""
        return self._tls.version() == "TLSv1.3"

    def receive(self, data: bytes) -> bytes:
        """Return plain bytes from wire bytes; ``b""`` ends the connection. Raises ssl.SSLError."""
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
        if not self.established and not self._shake():
            return b""
        pieces = []
        while not self.ended:
            try:
                piece = self._tls.read(RECORD)
            except ssl.SSLWantReadError:
                break
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                piece = b""
            # OpenSSL reports the end either as an error or as no data.
            self.ended = not piece
            pieces.append(piece)
        return b"".join(pieces)

    def send(self, data: bytes | memoryview) -> None:
        """Encrypt data for outgoing(). Raises ssl.SSLError before the handshake is complete."""
        self._tls.write(data)

    def send_eof(self) -> None:
        """End the client's direction: close_notify."""
        try:
            self._tls.unwrap()
        except ssl.SSLError:
            pass  # OpenSSL waits for the server's close_notify, which is not required here

    def outgoing(self) -> bytes:
        """Return the wire bytes that have to be sent."""
        return self._leaving.read()

    def _shake(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        self.established = True
        return True


class BlockingTls:
    """A connected blocking socket with TLS, with only the methods that a probe needs.

    Raises OSError (ssl.SSLError is one) if the handshake fails.
    """

    def __init__(self, sock: socket.socket, host: str) -> None:
        self._sock = sock
        self._codec = Codec(host)
        self._plain = b""
        try:
            while not self._codec.established:
                self._send()
                self._receive()
        except BaseException:
            sock.close()
            raise

    def __enter__(self) -> BlockingTls:
        return self

    def __exit__(self, *_details: object) -> None:
        self._sock.close()

    def settimeout(self, seconds: float) -> None:
        """Set the timeout of each operation."""
        self._sock.settimeout(seconds)

    def sendall(self, data: bytes) -> None:
        """Encrypt and send all data."""
        self._codec.send(data)
        self._send()

    def shutdown(self, how: int) -> None:
        """End the sending side."""
        self._codec.send_eof()
        self._send()
        self._sock.shutdown(how)

    def recv(self, _size: int) -> bytes:
        """Return the next plain bytes; ``b""`` at the end."""
        while not self._plain and not self._codec.ended:
            self._receive()
        plain, self._plain = self._plain, b""
        return plain

    def _send(self) -> None:
        self._sock.sendall(self._codec.outgoing())

    def _receive(self) -> None:
        self._plain += self._codec.receive(self._sock.recv(READ))
