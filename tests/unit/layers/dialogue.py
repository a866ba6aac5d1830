"""A handshake with a server that sends prepared data."""

from __future__ import annotations

import pytest

from pync.layers.handshake import HandshakeError, HandshakeSteps
from pync.layers.starttls import begin


class Server:
    """A connection for a handshake: returns prepared data, and then nothing."""

    def __init__(self, says: bytes) -> None:
        self.says = says
        self.heard = b""

    def send(self, data: memoryview) -> int:
        self.heard += data
        return len(data)

    def recv(self, size: int) -> bytes:
        data, self.says = self.says[:size], self.says[size:]
        return data


def run_dialogue(protocol: str, says: bytes) -> Server:
    """Run the dialogue before TLS; return the server. Raises HandshakeError."""
    server = Server(says)
    steps = HandshakeSteps(begin(protocol, "h<&'st"))
    while not steps.is_over:
        assert steps.step(server) is None
    return server


def check_tls_begins(protocol: str, says: bytes, hears: bytes) -> None:
    """Check what the client sends to a server that sends ``says``, and that no more is read."""
    server = run_dialogue(protocol, says + b"\x16\x03\x03 and what follows")
    assert server.heard == hears
    # Injected bytes after the answer are not read: they would count as bytes of the server.
    assert server.says == b"\x16\x03\x03 and what follows"


def check_error_at_every_end(protocol: str, says: bytes) -> None:
    """Check the error for a server that ends after each possible number of bytes."""
    for length in range(len(says)):
        with pytest.raises(HandshakeError, match="the connection ended in the handshake"):
            run_dialogue(protocol, says[:length])
