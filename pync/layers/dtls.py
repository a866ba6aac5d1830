"""DTLS 1.2 (RFC 6347) as a layer: datagrams of the network on one side, plain ones on the other.

pyOpenSSL does the work over buffers in memory; this module does no I/O and does not wait. A flight
of the handshake may be lost, so the caller asks ``seconds`` when to call again(). Datagrams that
are malformed, replayed or not the peer's are dropped (RFC 6347 4.1.2.7); they end nothing.
"""

from __future__ import annotations

import struct

from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

from ..core.broken import TlsFailure
from .tls import meaning

#: Bytes of one datagram of the handshake: every IPv6 path carries 1,280 bytes (RFC 8200 5), which
#: leaves room for the headers, also those of a tunnel.
MTU = 1200

#: The most plain bytes of one record; each record is in one datagram (RFC 6347 4.1.1).
LARGEST = 16 * 1024

#: The header of a record: type, version, epoch and sequence number, length.
_HEADER = struct.Struct("!B2s8sH")

#: Bytes to take from the buffer at once: more than a flight has.
_ALL = 1024 * 1024


class DtlsCodec:
    """One side of an association.

    Arguments:
        connection: over memory; its side (client or server) is set.
    """

    def __init__(self, connection: SSL.Connection) -> None:
        self._dtls = connection
        #: Whether the handshake is over.
        self.established = False
        #: Whether the peer will send nothing more (close_notify).
        self.ended = False
        #: The error after which nothing more can be received; None without one.
        self.failure: OSError | None = None

    @property
    def seconds(self) -> float | None:
        """Seconds until again() is due; None: never."""
        return None if self.established else self._dtls.DTLSv1_get_timeout()

    def start(self) -> None:
        """Start the handshake, or continue it with data received before.

        outgoing() then has the first flight.

        Raises SSL.Error.
        """
        self._shake()

    def again(self) -> None:
        """Send the last flight again if it is due. Raises SSL.Error after too many attempts."""
        self._dtls.DTLSv1_handle_timeout()

    def receive(self, datagram: bytes) -> list[bytes]:
        """Return the plain datagrams that one datagram of the network contains.

        Raises SSL.Error in the handshake; later it sets ``failure``.
        """
        if not datagram or self.ended or self.failure is not None:
            return []
        # Write one datagram at a time: OpenSSL drops the rest of one whose record is cut off.
        self._dtls.bio_write(datagram)
        if not self.established and not self._shake():
            return []
        pieces = []
        while True:
            try:
                pieces.append(self._dtls.recv(LARGEST))
            except SSL.WantReadError:
                break
            except SSL.ZeroReturnError:
                self.ended = True
                break
            except SSL.Error as error:
                self.failure = TlsFailure(explained(error))
                break
        return pieces

    def send(self, data: bytes | memoryview) -> list[bytes]:
        """Return the datagrams of the network for a plain one. Raises TlsFailure."""
        try:
            self._dtls.send(bytes(data))
        except SSL.Error as error:
            raise self.failure or TlsFailure(explained(error)) from None
        return self.outgoing()

    def send_end(self) -> list[bytes]:
        """Return the datagrams of the network that end our direction (close_notify)."""
        try:
            self._dtls.shutdown()
        except SSL.Error:
            pass  # in the handshake, or after a failure: there is no close_notify then
        return self.outgoing()

    def outgoing(self) -> list[bytes]:
        """Return the datagrams that DTLS itself has to send: the handshake, answers, alerts."""
        try:
            return packed(self._dtls.bio_read(_ALL))
        except SSL.WantReadError:
            return []

    @property
    def version(self) -> str:
        """The negotiated version, such as ``DTLSv1.2``."""
        return self._dtls.get_protocol_version_name()

    @property
    def cipher(self) -> str:
        """The negotiated cipher suite."""
        return self._dtls.get_cipher_name() or ""

    @property
    def protocol(self) -> str:
        """The protocol negotiated by ALPN (RFC 7301), or ``""``."""
        return self._dtls.get_alpn_proto_negotiated().decode("ascii", "replace")

    @property
    def certificate(self) -> bytes | None:
        """The peer's certificate (DER)."""
        found = self._dtls.get_peer_certificate(as_cryptography=True)
        return None if found is None else found.public_bytes(Encoding.DER)

    def _shake(self) -> bool:
        try:
            self._dtls.do_handshake()
        except SSL.WantReadError:
            return False
        self.established = True
        return True


def packed(records: bytes) -> list[bytes]:
    """Pack records into datagrams of up to MTU bytes; no record is cut (RFC 6347 4.1.1)."""
    datagrams: list[bytes] = []
    place = 0
    while place < len(records):
        length = _HEADER.unpack_from(records, place)[3]
        record = records[place : place + _HEADER.size + length]
        place += len(record)
        if datagrams and len(datagrams[-1]) + len(record) <= MTU:
            datagrams[-1] += record
        else:
            datagrams.append(record)
    return datagrams


def explained(error: SSL.Error) -> str:
    """Return the text of an error, without OpenSSL's codes."""
    queue = error.args[0] if error.args and isinstance(error.args[0], list) else []
    reasons = [entry[2] for entry in queue if len(entry) > 2 and entry[2]]
    if reasons:
        return meaning(reasons[-1].upper().replace(" ", "_"))
    said = error.args[-1] if error.args else None
    return said.lower() if isinstance(said, str) else "DTLS failed"
