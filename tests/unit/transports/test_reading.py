"""Reading a stream: cases that tests/contract/test_reading.py does not contain."""

from __future__ import annotations

import re
import threading

import pytest

import pync
from pync.transports.layered import LayeredConn
from pync.transports.memory import pair

from ...systems import UNDER_WINE
from .test_layered import SwapCase

PATIENCE = 10.0


def test_read_timeout_does_not_affect_a_send_of_another_thread() -> None:
    """The time-out of a read call does not change the time-out of the socket."""
    left, right = pair()
    with left, right:
        blocked = threading.Thread(target=lambda: left.send_all(bytes(8 << 20)))
        blocked.start()
        for _ in range(3):
            with pytest.raises(TimeoutError):
                left.recv_line(timeout=0.01)
        assert right.recv_exactly(8 << 20, timeout=PATIENCE) == bytes(8 << 20)
        blocked.join()


def test_timeout_over_a_layer_that_returns_no_data() -> None:
    """Received bytes that yield no data (part of a TLS record) do not end the wait."""

    class DropsDashes(SwapCase):
        def receive(self, data: bytes) -> bytes:
            return super().receive(data).replace(b"-", b"")

    ours, peer = pair()
    with peer, LayeredConn(ours, DropsDashes()) as conn:
        peer.send_all(b"-")
        with pytest.raises(pync.ReadTimeoutError, match="nothing had come"):
            conn.recv_line(timeout=0.05)
        peer.send_all(b"-Yes\n")
        assert conn.recv_line(timeout=PATIENCE) == b"yES\n"
        peer.send_all(b"TWO.")
        assert conn.recv_line(timeout=PATIENCE) == b"two"


@pytest.mark.skipif(UNDER_WINE, reason="Wine passes no RST on")
def test_connection_error_is_raised_before_the_buffered_rest() -> None:
    with pync.listen("127.0.0.1:0") as listener:
        client = pync.dial(str(listener.address), pync.TcpConn)
        with listener.accept(PATIENCE) as server:
            client.send_all(b"part")
            assert server.recv_exactly(1) == b"p"
            client.abort()
            with pytest.raises(ConnectionResetError):
                server.recv_until(b"\n")
            assert server.recv() == b"art"


def test_read_from_a_closed_connection_is_an_error() -> None:
    left, right = pair()
    left.close()
    for timeout in (None, 1):
        with pytest.raises(OSError, match=r"."):
            left.recv_line(timeout=timeout)
    with pytest.raises(OSError, match=r"."):
        left.recv()
    right.close()


def test_str_arguments_raise_type_error() -> None:
    left, right = pair()
    with left, right:
        left.send_all(b"x")
        with pytest.raises(TypeError):
            right.recv_until("\n")  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            right.expect("x")  # type: ignore[arg-type]
        assert right.expect(re.compile(b"(?i)X")).group() == b"x"


def test_timeout_none_waits_on_a_non_blocking_connection() -> None:
    left, right = pair()
    with left, right:
        right.settimeout(0)
        sending = threading.Timer(0.05, left.send_line, (b"late",))
        sending.start()
        assert right.recv_line(timeout=None) == b"late\n"
        sending.join()
