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


def asked(protocol: str, says: bytes) -> Server:
    """The server, after the whole of what is said before TLS. Raises HandshakeError."""
    server = Server(says)
    steps = HandshakeSteps(begin(protocol, "h<&'st"))
    while not steps.is_over:
        assert steps.step(server) is None
    return server


def begins_tls(protocol: str, says: bytes, hears: bytes) -> None:
    """A server that says this hears that, and nothing is read of what follows."""
    server = asked(protocol, says + b"\x16\x03\x03 and what follows")
    assert server.heard == hears
    # What somebody has added to the answer is not read: it would be taken for the server's.
    assert server.says == b"\x16\x03\x03 and what follows"


def is_an_error_wherever_it_ends(protocol: str, says: bytes) -> None:
    """Check the error for a server that ends after each possible number of bytes."""
    for length in range(len(says)):
        with pytest.raises(HandshakeError, match="the connection ended in the handshake"):
            asked(protocol, says[:length])
