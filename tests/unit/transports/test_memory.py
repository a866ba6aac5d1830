"""A connected pair of connections in one process."""

from __future__ import annotations

from pync.transports.memory import pair


def test_pair() -> None:
    left, right = pair()
    with left, right:
        left.send_all(b"x")
        left.send_eof()
        assert [right.recv(10), right.recv(10)] == [b"x", b""]
        assert str(left.peer) == str(right.local) == "memory:right"
