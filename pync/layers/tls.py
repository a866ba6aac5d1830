"""TLS (RFC 8446, RFC 5246) as a layer: bytes of the wire on one side, plain bytes on the other.

``ssl.MemoryBIO`` does the work; nothing is read or written here. close_notify is half a
close in both versions: after ours the peer may go on, and after the peer's so may we.
"""

from __future__ import annotations

import ssl

#: Plain bytes of one record at most (RFC 8446 5.1): more is never read at once, and asking
#: for more would only make Python allocate it.
_RECORD = 16 * 1024


class TlsCodec:
    """One side of a TLS connection.

    Arguments:
        context: certificates, versions, what is verified.
        server_side: who speaks first.
        server_name: whom a client expects, for SNI and for the certificate.
    """

    def __init__(
        self, context: ssl.SSLContext, *, server_side: bool, server_name: str | None = None
    ) -> None:
        self._incoming, self._leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming, self._leaving, server_side=server_side, server_hostname=server_name
        )
        #: Whether the handshake is over.
        self.established = False
        #: Whether the peer will send nothing more.
        self.ended = False
        #: Whether the peer's end came without close_notify (RFC 8446 6.1).
        self.truncated = False

    def start(self) -> None:
        """Begin the handshake: a client's first words are in outgoing() then."""
        self._shake()

    def receive(self, data: bytes) -> bytes:
        """Plain bytes from bytes of the wire; ``b""`` in is the connection's end.

        Raises ssl.SSLError; what is to be said of it to the peer is in outgoing().
        """
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
        if not self.established and not self._shake():
            return b""
        pieces = []
        while not self.ended:
            try:
                piece = self._tls.read(_RECORD)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLZeroReturnError:
                piece = b""
            except ssl.SSLEOFError:
                self.truncated, piece = True, b""
            # OpenSSL says "the peer has ended" in two ways.
            if not piece:
                self.ended = True
                break
            pieces.append(piece)
        return b"".join(pieces)

    def send(self, data: bytes | memoryview) -> bytes:
        """Bytes of the wire for plain bytes. Raises ssl.SSLError."""
        self._tls.write(data)
        return self._leaving.read()

    def send_eof(self) -> bytes:
        """Bytes of the wire that end our direction (close_notify)."""
        try:
            self._tls.unwrap()
        except ssl.SSLError:
            pass  # it waits for the peer's own close_notify, which is the peer's affair
        return self._leaving.read()

    def outgoing(self) -> bytes:
        """What has to be sent on its own account: the handshake, answers, alerts."""
        return self._leaving.read()

    @property
    def version(self) -> str:
        """The version in force, as ``TLSv1.3``."""
        return self._tls.version() or ""

    @property
    def cipher(self) -> str:
        """The cipher suite in force."""
        found = self._tls.cipher()
        return found[0] if found else ""

    @property
    def protocol(self) -> str:
        """The protocol that ALPN (RFC 7301) agreed upon, if any."""
        return self._tls.selected_alpn_protocol() or ""

    @property
    def certificate(self) -> bytes | None:
        """The peer's certificate (DER)."""
        return self._tls.getpeercert(binary_form=True)

    def _shake(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        self.established = True
        return True
