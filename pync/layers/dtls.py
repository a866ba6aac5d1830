"""DTLS 1.2 (RFC 6347) as a layer: datagrams of the wire on one side, datagrams on the other.

pyOpenSSL does the work over buffers in memory; nothing is read or written here, and no time passes:
who drives this asks ``seconds`` when to call again, because a flight of the handshake may be lost.
What is malformed, replayed, or not for us is dropped (RFC 6347 4.1.2.7); it ends nothing.
"""

from __future__ import annotations

import struct

from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

from ..core.broken import TlsFailure
from .tls import meaning

#: Bytes of one datagram of the handshake: what every path carries with IPv6 (RFC 8200 5: 1,280)
#: and the headers of a tunnel.
MTU = 1200

#: Plain bytes of one record, which is one datagram (RFC 6347 4.1.1).
LARGEST = 16 * 1024

#: The header of a record: type, version, epoch and number, length.
_HEADER = struct.Struct("!B2s8sH")

#: Bytes that are taken from the buffer at once: more than a flight has.
_ALL = 1024 * 1024


class DtlsCodec:
    """One side of an association.

    Arguments:
        connection: over memory; whose side it is was said to it.
    """

    def __init__(self, connection: SSL.Connection) -> None:
        self._dtls = connection
        #: Whether the handshake is over.
        self.established = False
        #: Whether the peer has said that it sends nothing more (close_notify).
        self.ended = False
        #: Why nothing more can be received, if that is not an end in order.
        self.failure: OSError | None = None

    @property
    def seconds(self) -> float | None:
        """In how many seconds again() is due; None: it waits for nothing."""
        return None if self.established else self._dtls.DTLSv1_get_timeout()

    def start(self) -> None:
        """Begin, or go on with what was received: the first flight is in outgoing() then.

        Raises SSL.Error.
        """
        self._shake()

    def again(self) -> None:
        """Send the last flight again, if it is time. Raises SSL.Error when it was in vain."""
        self._dtls.DTLSv1_handle_timeout()

    def receive(self, datagram: bytes) -> list[bytes]:
        """The plain datagrams that are in one of the wire.

        Raises SSL.Error in the handshake; later it notes a ``failure``.
        """
        if not datagram or self.ended or self.failure is not None:
            return []
        # One at a time: OpenSSL drops what is left of a datagram whose record is cut off.
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
        """Datagrams of the wire for a plain one. Raises TlsFailure."""
        try:
            self._dtls.send(bytes(data))
        except SSL.Error as error:
            raise self.failure or TlsFailure(explained(error)) from None
        return self.outgoing()

    def send_end(self) -> list[bytes]:
        """Datagrams of the wire that say that we send nothing more (close_notify)."""
        try:
            self._dtls.shutdown()
        except SSL.Error:
            pass  # in the handshake, or after a failure: nobody is told then
        return self.outgoing()

    def outgoing(self) -> list[bytes]:
        """What has to be sent on its own account: the handshake, answers, alerts."""
        try:
            return packed(self._dtls.bio_read(_ALL))
        except SSL.WantReadError:
            return []

    @property
    def version(self) -> str:
        """The version in force, as ``DTLSv1.2``."""
        return self._dtls.get_protocol_version_name()

    @property
    def cipher(self) -> str:
        """The cipher suite in force."""
        return self._dtls.get_cipher_name() or ""

    @property
    def protocol(self) -> str:
        """The protocol that ALPN (RFC 7301) agreed upon, if any."""
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
    """Records, as few to a datagram as the MTU asks for; none is cut (RFC 6347 4.1.1)."""
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
    """What went wrong, without OpenSSL's codes."""
    queue = error.args[0] if error.args and isinstance(error.args[0], list) else []
    reasons = [entry[2] for entry in queue if len(entry) > 2 and entry[2]]
    if reasons:
        return meaning(reasons[-1].upper().replace(" ", "_"))
    said = error.args[-1] if error.args else None
    return said.lower() if isinstance(said, str) else "DTLS failed"
