"""Capabilities that an end has or has not."""

from __future__ import annotations

from pync.engine.ends import send_eof, unacknowledged
from pync.transports.memory import pair


def test_eof_is_passed_on_where_there_is_such_a_thing() -> None:
    left, right = pair()
    with left, right:
        send_eof(left)
        assert right.recv(1) == b""
    send_eof(object())


def test_nobody_can_tell_of_everything_what_is_acknowledged() -> None:
    left, right = pair()
    with left, right:
        assert unacknowledged(left) == 0
