"""Driving a handshake over a connection."""

from __future__ import annotations

import pytest

from pync.core.deadline import Deadline
from pync.layers.handshake import Exactly, Handshake, HandshakeError, Line, Send
from pync.transports.memory import pair
from pync.transports.tunnel import negotiate


def greets() -> Handshake[bytes]:
    yield Send(b"hello\n")
    name = yield Line(8)
    size = yield Exactly(2)
    return name + size


def test_bytes_after_the_handshake_are_not_read() -> None:
    ours, peer = pair()
    with ours, peer:
        ours.settimeout(7)
        peer.send_all(b"joe\n12first words")
        assert negotiate(ours, greets(), Deadline(5)) == b"joe\n12"
        assert ours.gettimeout() == 7
        assert peer.recv(100) == b"hello\n"
        assert ours.recv(100) == b"first words"


@pytest.mark.parametrize(
    ("answer", "said"),
    [(b"joe", "ended in the handshake"), (b"too long a name\n", "too long a line")],
)
def test_handshake_errors(answer: bytes, said: str) -> None:
    ours, peer = pair()
    with ours, peer:
        peer.send_all(answer)
        peer.send_eof()
        with pytest.raises(HandshakeError, match=said):
            negotiate(ours, greets(), Deadline(5))


def test_silent_peer_times_out() -> None:
    ours, peer = pair()
    with ours, peer, pytest.raises(HandshakeError, match=r"^the handshake timed out$"):
        negotiate(ours, greets(), Deadline(0.01))
