"""Optional capabilities of an end."""

from __future__ import annotations

import errno

from pync.core.broken import TlsTruncatedError, TruncatedError
from pync.engine.protocols import send_eof, unacknowledged, unread
from pync.transports.memory import pair


def test_send_eof_if_supported() -> None:
    left, right = pair()
    with left, right:
        send_eof(left)
        assert right.recv(1) == b""
    send_eof(object())


def test_unacknowledged_is_0_if_unknown() -> None:
    left, right = pair()
    with left, right:
        assert unacknowledged(left) == 0


def test_error_for_an_unreadable_input() -> None:
    """The client of a proxy is an input too, and may end TLS without close_notify."""
    left, right = pair()
    with left, right:
        assert isinstance(unread(left, TruncatedError()), TlsTruncatedError)
        reset = unread(left, ConnectionResetError(errno.ECONNRESET, "reset"))
        assert str(reset) == f"relay {left.peer}: connection reset by peer"
    told = unread(object(), OSError(errno.EIO, "Input/output error"))
    assert str(told) == "read standard input: input/output error"
