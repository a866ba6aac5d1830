"""A handshake with a server that says what was prepared."""

from __future__ import annotations

from pync.layers.handshake import HandshakeSteps
from pync.layers.starttls import begin


class Server:
    """What a handshake goes over: gives what was prepared, and then nothing."""

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
