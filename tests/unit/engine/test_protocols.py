"""Capabilities that an end has or has not."""

from __future__ import annotations

import errno

from pync.core.broken import TlsTruncatedError, TruncatedError
from pync.engine.protocols import send_eof, unacknowledged, unread
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


def test_what_is_reported_of_an_input_that_cannot_be_read() -> None:
    """A proxy's client is an input too, and may end TLS without close_notify."""
    left, right = pair()
    with left, right:
        assert isinstance(unread(left, TruncatedError()), TlsTruncatedError)
        reset = unread(left, ConnectionResetError(errno.ECONNRESET, "reset"))
        assert str(reset) == f"relay {left.peer}: connection reset by peer"
    told = unread(object(), OSError(errno.EIO, "Input/output error"))
    assert str(told) == "read standard input: input/output error"
