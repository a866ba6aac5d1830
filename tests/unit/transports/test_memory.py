"""A pair of ends within one process."""

from __future__ import annotations

from pync.transports.memory import pair


def test_what_one_sends_the_other_receives() -> None:
    left, right = pair()
    with left, right:
        left.send_all(b"x")
        left.send_eof()
        assert [right.recv(10), right.recv(10)] == [b"x", b""]
        assert str(left.peer) == str(right.local) == "memory:right"
