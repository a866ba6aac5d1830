"""TLS (RFC 8446, RFC 5246) as a layer: bytes of the network on one side, plain bytes on the other.

It uses ``ssl.MemoryBIO``, and does no I/O. close_notify ends one direction in TLS 1.3; TLS 1.2
peers may close at once when they receive it (RFC 5246 7.2.1), but most continue, and so do we.
"""

from __future__ import annotations

import ssl

from ..core.broken import TlsFailure, TruncatedError
from ..core.errors import cause_of

#: The most plain bytes of one record (RFC 8446 5.1): a read never returns more, and asking for
#: more would only make Python allocate the memory.
_RECORD = 16 * 1024


class TlsCodec:
    """One side of a TLS connection.

    Arguments:
        context: certificates, versions, and what is verified.
        server_side: whether this is the server; the client sends first.
        server_name: the name that a client expects, for SNI and for the certificate.
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
        #: The error after which nothing more can be received; None without one.
        self.failure: OSError | None = None

    def start(self) -> None:
        """Start the handshake: outgoing() then has a client's first message."""
        self._shake()

    def receive(self, data: bytes) -> bytes:
        """Return the plain bytes for bytes of the network; ``b""`` is the connection's end.

        Raises ssl.SSLError in the handshake; later it sets ``failure``. outgoing() then has the
        alert for the peer.
        """
        if data:
            self._incoming.write(data)
        elif self.established:
            # Do not pass the end to OpenSSL 3: it would refuse to send afterwards, but a peer that
            # has only sent FIN (ncat before 7.96) still reads.
            if not self.ended:
                self.ended = True
                self.failure = TruncatedError()
            return b""
        else:
            self._incoming.write_eof()
        if not self.established and not self._shake():
            return b""
        pieces = []
        while not self.ended and self.failure is None:
            try:
                piece = self._tls.read(_RECORD)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLZeroReturnError:
                piece = b""
            except ssl.SSLError as error:
                # (The bytes before the error are still returned.)
                self.failure = TlsFailure(explained(error))
                break
            # OpenSSL reports the peer's end in two ways.
            if not piece:
                self.ended = True
                break
            pieces.append(piece)
        return b"".join(pieces)

    def send(self, data: bytes | memoryview) -> bytes:
        """Return the bytes of the network for plain bytes. Raises TlsFailure."""
        try:
            self._tls.write(data)
        except ssl.SSLError as error:
            raise self.failure or TlsFailure(explained(error)) from None
        return self._leaving.read()

    def send_eof(self) -> bytes:
        """Return the bytes of the network that end our direction (close_notify)."""
        try:
            self._tls.unwrap()
        except ssl.SSLError:
            pass  # OpenSSL waits for the peer's close_notify, which may come later
        return self._leaving.read()

    def outgoing(self) -> bytes:
        """Return the bytes that TLS itself has to send: the handshake, answers, alerts."""
        return self._leaving.read()

    @property
    def version(self) -> str:
        """The negotiated version, such as ``TLSv1.3``."""
        return self._tls.version() or ""

    @property
    def cipher(self) -> str:
        """The negotiated cipher suite."""
        found = self._tls.cipher()
        return found[0] if found else ""

    @property
    def protocol(self) -> str:
        """The protocol negotiated by ALPN (RFC 7301), or ``""``."""
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


#: The meaning of a peer's alert (RFC 8446 6.2), by the end of OpenSSL's name for it.
_ALERTS = {
    "ALERT_UNEXPECTED_MESSAGE": "unexpected message",
    "ALERT_BAD_RECORD_MAC": "bad record MAC",
    "ALERT_RECORD_OVERFLOW": "record overflow",
    "ALERT_HANDSHAKE_FAILURE": "handshake failure: no version, cipher or certificate in common",
    "ALERT_NO_CERTIFICATE": "no certificate",
    "ALERT_BAD_CERTIFICATE": "bad certificate: it does not accept ours",
    "ALERT_UNSUPPORTED_CERTIFICATE": "unsupported certificate: it does not accept ours",
    "ALERT_CERTIFICATE_REVOKED": "our certificate is revoked",
    "ALERT_CERTIFICATE_EXPIRED": "our certificate has expired",
    "ALERT_CERTIFICATE_UNKNOWN": "certificate unknown: it does not accept ours",
    "ALERT_ILLEGAL_PARAMETER": "illegal parameter",
    "ALERT_UNKNOWN_CA": "unknown CA: it does not trust the issuer of our certificate",
    "ALERT_ACCESS_DENIED": "access denied",
    "ALERT_DECODE_ERROR": "decode error",
    "ALERT_DECRYPT_ERROR": "decrypt error",
    "ALERT_PROTOCOL_VERSION": "protocol version: it does not speak the versions we offer",
    "ALERT_INSUFFICIENT_SECURITY": "insufficient security: it wants a stronger cipher",
    "ALERT_INTERNAL_ERROR": "internal error",
    "ALERT_USER_CANCELLED": "user canceled",
    "ALERT_NO_RENEGOTIATION": "no renegotiation",
    "ALERT_CERTIFICATE_REQUIRED": "certificate required",
    "UNRECOGNIZED_NAME": "unrecognized name: it has no certificate for the name we asked for",
    "ALERT_NO_APPLICATION_PROTOCOL": "no application protocol in common",
    "ALERT_UNKNOWN_PSK_IDENTITY": "unknown PSK identity",
}


def explained(error: Exception) -> str:
    """Return the cause of an error, without OpenSSL's codes and source lines."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate verify failed: {error.verify_message}"
    if isinstance(error, ssl.SSLError) and not error.reason:
        # "[SSL] unknown error (_ssl.c:1006)"
        return str(error).rpartition("] ")[2].partition(" (_ssl.c")[0]
    if not isinstance(error, ssl.SSLError):
        return cause_of(error) if isinstance(error, OSError) else str(error)
    return meaning(error.reason)


def meaning(reason: str) -> str:
    """What OpenSSL's name for a failure means."""
    for name, alert in _ALERTS.items():
        if reason.endswith(name):
            return f"the peer sent the alert {alert}"
    return reason.lower().replace("_", " ")
