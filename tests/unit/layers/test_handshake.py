"""The steps of a handshake are values."""

from __future__ import annotations

import pytest

from pync.layers.handshake import Exactly, Handshake, HandshakeError, Line, Send


def polite() -> Handshake[bytes]:
    yield Send(b"name?\n")
    name = yield Line(10)
    if (yield Exactly(1)) != b"!":
        raise HandshakeError("no !")
    return name


def test_a_handshake_says_what_it_needs_and_returns_its_result() -> None:
    handshake = polite()
    assert next(handshake) == Send(b"name?\n")
    assert next(handshake) == Line(10)
    assert handshake.send(b"joe\n") == Exactly(1)
    with pytest.raises(StopIteration) as ended:
        handshake.send(b"!")
    assert ended.value.value == b"joe\n"
