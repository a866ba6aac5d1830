"""A handshake is a generator of steps, which are plain values."""

from __future__ import annotations

import pytest

from pync.layers.handshake import Exactly, Handshake, HandshakeError, Line, Send


def example() -> Handshake[bytes]:
    yield Send(b"name?\n")
    name = yield Line(10)
    if (yield Exactly(1)) != b"!":
        raise HandshakeError("no !")
    return name


def test_handshake_yields_steps_and_returns_a_result() -> None:
    handshake = example()
    assert next(handshake) == Send(b"name?\n")
    assert next(handshake) == Line(10)
    assert handshake.send(b"joe\n") == Exactly(1)
    with pytest.raises(StopIteration) as ended:
        handshake.send(b"!")
    assert ended.value.value == b"joe\n"
