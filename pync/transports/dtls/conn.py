"""A connection of datagrams through DTLS: it keeps their boundaries, and it has an end.

close_notify may be lost like any datagram (RFC 6347 4.1.2.6), so a silent peer may or may not have
ended. Therefore nothing waits for close_notify or requires it.
"""

from __future__ import annotations

import time

from ...core.deadline import Deadline
from ...layers.dtls import LARGEST, DtlsCodec
from ..datagram import DatagramConn, Datagrams, too_long

#: Decrypted datagrams that wait; they are returned before more are read.
_Plain = list[bytes]


class DtlsConn(Datagrams):
    """A connection over a DTLS association.

    Arguments:
        conn: owned by this object.
        codec: its handshake is over.
        plain: datagrams that were decrypted already.
    """

    def __init__(self, conn: DatagramConn, codec: DtlsCodec, plain: _Plain) -> None:
        super().__init__(conn.socket, conn.local, conn.peer)
        self.codec = codec
        #: When the last datagram of the peer was received (time.monotonic).
        self.heard_at = time.monotonic()
        self._conn = conn
        self._plain = plain
        self._said_end = False

    @property
    def layered(self) -> bool:
        """True: the descriptor's datagrams are encrypted."""
        return True

    @property
    def ended(self) -> bool:
        """Whether the peer has sent close_notify, and recv has returned all data before it."""
        return self.codec.ended and not self._plain

    def pending(self) -> bool:
        """Return whether recv returns something without waiting."""
        return bool(self._plain or self.codec.ended or self.codec.failure is not None)

    def detach(self) -> None:
        """Do nothing: the kernel delivers to this socket until it is closed."""

    def recv_whole(self) -> bytes:
        """Return the next datagram; ``b""`` at the end. Raises OSError."""
        deadline = Deadline(self.gettimeout())
        while not self._plain:
            if self.codec.ended:
                return b""
            if self.codec.failure is not None:
                raise self.codec.failure
            if deadline.passed and self.gettimeout():
                raise TimeoutError("timed out")
            self._receive(self._conn.recv_whole())
        return self._plain.pop(0)

    def _recv(self, size: int) -> bytes:  # noqa: ARG002 - a datagram comes whole
        return self.recv_whole()

    def _receive(self, datagram: bytes) -> None:
        self.heard_at = time.monotonic()
        try:
            self._plain += [data for data in self.codec.receive(datagram) if data]
        finally:
            self._answer(self.codec.outgoing())

    def send(self, data: bytes | memoryview) -> int:
        """Send one datagram; an empty one makes no record and is not sent. Raises OSError."""
        if len(data) > LARGEST:
            raise too_long()
        if data:
            for datagram in self.codec.send(data):
                self._conn.send(datagram)
        return len(data)

    def _send_all(self, data: bytes) -> None:
        self.send(data)

    def drop(self) -> None:
        """Close without sending close_notify. Idempotent."""
        self._said_end = True
        self.close()

    def close(self) -> None:
        """Send close_notify, if possible, and close. Idempotent."""
        if not self._said_end and self.fileno() != -1:
            self._said_end = True
            self._answer(self.codec.send_end())
        self._conn.close()

    def _answer(self, datagrams: list[bytes]) -> None:
        """Send datagrams of DTLS itself; one that cannot be sent now is lost, as in the network."""
        if not datagrams:
            return
        before = self.gettimeout()
        self.settimeout(0)
        try:
            for datagram in datagrams:
                self._conn.send(datagram)
        except OSError:
            pass  # the peer is gone, or the buffer is full
        finally:
            self.settimeout(before)
