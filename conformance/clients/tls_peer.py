"""The byte-exact client over TLS: like peer.py, but encrypted.

Wire bytes that the network has not accepted yet are kept here, and are sent while the client
waits for anything; the same is true of the end of the sending side.
"""

from __future__ import annotations

import selectors
import socket
import ssl
import time

import pexpect

from ..core.tls import RECORD, Codec
from ..core.transcript import Transcript
from ..core.verdict import NotJudged, Violation
from .peer import Peer


class TlsPeer(Peer):
    """One client over TLS.

    Arguments, besides those of a channel:
        host: the server name that the client sends.
    """

    def __init__(
        self, name: str, sock: socket.socket, transcript: Transcript, deadline: float, host: str
    ) -> None:
        super().__init__(name, sock, transcript, deadline)
        self._codec = Codec(host)
        self._unsent = bytearray()
        self._early = bytearray()
        self._ending = False

    def shake(self) -> None:
        """Complete the handshake. Raises Violation."""
        until = self.now() + self.deadline
        try:
            while not self._codec.established:
                self._plain_from(self._wire(self._left(until)))
            self._flush()
        except (pexpect.EOF, pexpect.TIMEOUT, OSError) as error:
            how = f"nothing for {self.deadline:g} s"
            if not isinstance(error, pexpect.TIMEOUT):
                how = "FIN" if isinstance(error, pexpect.EOF) else str(error)
            self.transcript.note(self.name, f"TLS handshake: {how}")
            raise self.violation(
                "no-handshake", f"the server does not complete the TLS handshake: {how}"
            ) from error
        self.transcript.note(self.name, "TLS handshake")

    def begin(self) -> None:
        """Send the beginning of the handshake, without waiting."""
        self._flush()

    def _left(self, until: float) -> float:
        self._flush()
        return max(0.0, until - self.now())

    def _wire(self, timeout: float) -> bytes:
        """Return the next wire bytes; the time that the line takes does not count."""
        until = self.now() + timeout
        while True:
            try:
                return super()._read_some(timeout)
            except pexpect.TIMEOUT:
                if (timeout := until - self.now()) <= 0:
                    raise

    def wait_either(self, timeout: float) -> bool:
        """Wait like a channel; an end that was received with the bytes before it counts too."""
        return self._codec.ended or super().wait_either(timeout)

    def _read_some(self, timeout: float) -> bytes:
        until = time.monotonic() + timeout
        while not self._codec.ended:
            try:
                self._flush()
            except ConnectionError:
                # Reading will find the reset, after all data that came before it.
                self._unsent.clear()
            left = max(0.0, until - time.monotonic())
            if self._unsent:
                # Wait for both, because only one of the two may become possible.
                with selectors.DefaultSelector() as selector:
                    selector.register(self._sock, selectors.EVENT_READ | selectors.EVENT_WRITE)
                    ready = selector.select(left)
                if ready and not ready[0][1] & selectors.EVENT_READ:
                    if not left:
                        raise pexpect.TIMEOUT("")
                    continue
            plain = self._take_wire(left)
            if plain:
                return plain
        raise pexpect.EOF("")

    def _take_wire(self, timeout: float) -> bytes:
        try:
            return self._plain_from(super()._read_some(timeout))
        except pexpect.EOF:
            self._codec.ended = True
            self.transcript.note(self.name, "an end without close_notify", "<-")
            return b""

    def _plain_from(self, data: bytes) -> bytes:
        try:
            plain = self._codec.receive(data)
        except ssl.SSLError as error:
            raise self.violation("tls-error", f"TLS failed: {error.reason or error}") from error
        self._unsent += self._codec.outgoing()
        return plain

    def _write_some(self, data: memoryview) -> int:
        if not self._codec.established:
            # The scenario has not completed the handshake yet: nothing can be encrypted so far.
            self._early += data
            return len(data)
        self._flush()
        if self._unsent:
            raise BlockingIOError
        piece = data[:RECORD]
        self._codec.send(piece)
        self._flush()
        return len(piece)

    def _end_writing(self) -> None:
        if self._codec.established:
            self._codec.send_eof()
        self._ending = True
        self._flush()

    def _flush(self) -> None:
        """Send the waiting bytes, as far as the network accepts them, and then the end."""
        if self._codec.established and self._early:
            self._codec.send(bytes(self._early))
            self._early.clear()
        self._unsent += self._codec.outgoing()
        while self._unsent:
            try:
                sent = self._sock.send(self._unsent)
            except BlockingIOError:
                return
            del self._unsent[:sent]
        if self._ending:
            self._ending = False
            self._sock.shutdown(socket.SHUT_WR)

    def _cut_short(self, so_far: str, awaited: str | None = None) -> Violation:
        if self._has_ended_writing and not self._codec.halves:
            raise NotJudged("before TLS 1.3 the end of one side is the end of both")
        return super()._cut_short(so_far, awaited)
