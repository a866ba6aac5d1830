"""A connection through a codec, with a simple codec that swaps the case of letters."""

from __future__ import annotations

import threading
from contextlib import suppress
from types import SimpleNamespace

import pytest

from pync.core import deadline
from pync.core.broken import TruncatedError
from pync.transports.conn import StreamConn
from pync.transports.layered import WRITE, LayeredConn
from pync.transports.memory import pair


class SwapCase:
    """Swaps the case; a full stop means EOF; it answers a question mark with "!"."""

    def __init__(self) -> None:
        self.ended = False
        self.failure: OSError | None = None
        self._answer = b""

    def receive(self, data: bytes) -> bytes:
        if b"?" in data:
            self._answer = b"!"
        text, stop, _ = data.partition(b".")
        self.ended = self.ended or bool(stop) or not data
        return text.replace(b"?", b"").swapcase()

    def send(self, data: bytes | memoryview) -> bytes:
        return bytes(data).swapcase()

    def send_eof(self) -> bytes:
        return b"."

    def outgoing(self) -> bytes:
        answer, self._answer = self._answer, b""
        return answer


def test_data_passes_through_the_codec() -> None:
    ours, peer = pair()
    with peer, LayeredConn(ours, SwapCase()) as conn:
        conn.send_all(b"Hello")
        assert peer.recv(10) == b"hELLO"
        peer.send_all(b"yES")
        assert conn.recv(1) == b"Y"
        assert conn.pending()
        assert conn.recv(10) == b"es"
        assert not conn.pending()


def test_answers_of_the_codec_are_sent() -> None:
    ours, peer = pair()
    with peer, LayeredConn(ours, SwapCase()) as conn:
        peer.send_all(b"?x")
        assert conn.recv(10) == b"X"
        assert peer.recv(10) == b"!"


def test_eof_of_the_codec_in_both_directions() -> None:
    ours, peer = pair()
    with peer, LayeredConn(ours, SwapCase()) as conn:
        conn.send_eof()
        assert peer.recv(10) == b"."
        # No FIN yet, because servers take a FIN for a client that has left.
        peer.settimeout(0)
        with pytest.raises(BlockingIOError):
            peer.recv(1)
        peer.send_all(b"last.")
        assert conn.recv(10) == b"LAST"
        assert conn.pending()
        assert [conn.recv(10), conn.recv(10)] == [b"", b""]


def test_fin_is_sent_after_both_have_ended() -> None:
    ours, peer = pair()
    with peer, LayeredConn(ours, SwapCase()) as conn:
        peer.send_all(b".")
        assert conn.recv(1) == b""
        conn.send_eof()
        assert [peer.recv(10), peer.recv(10)] == [b".", b""]


def test_send_eof_to_a_closed_peer_is_not_an_error_after_its_eof() -> None:
    ours, peer = pair()
    with LayeredConn(ours, SwapCase()) as conn:
        peer.send_all(b".")
        assert conn.recv(1) == b""
        peer.close()
        conn.send_eof()
        conn.send_eof()


def test_failure_is_raised_after_received_data() -> None:
    ours, peer = pair()
    codec = SwapCase()
    with peer, LayeredConn(ours, codec) as conn:
        conn.hold(b"whole")
        codec.failure = TruncatedError()
        assert conn.pending()
        assert conn.recv(10) == b"whole"
        assert conn.pending()
        with pytest.raises(TruncatedError):
            conn.recv(10)


class AcknowledgingConn:
    """A connection with a scripted number of unacknowledged bytes, until it is reset."""

    def __init__(self, conn: StreamConn) -> None:
        self.conn = conn
        self.waiting = 0
        self.is_reset = False

    def __getattr__(self, name: str) -> object:
        return getattr(self.conn, name)

    def unacknowledged(self) -> int:
        if self.is_reset:
            raise ConnectionResetError
        return self.waiting


def test_reset_after_everything_was_acknowledged_is_ignored() -> None:
    ours, peer = pair()
    with peer, LayeredConn(acknowledging := AcknowledgingConn(ours), SwapCase()) as conn:  # type: ignore[arg-type]
        conn.send_all(b"all of it")
        conn.send_eof()
        acknowledging.is_reset = True
        assert conn.unacknowledged() == 0


def test_reset_before_everything_was_acknowledged_is_an_error() -> None:
    ours, peer = pair()
    with peer, LayeredConn(acknowledging := AcknowledgingConn(ours), SwapCase()) as conn:  # type: ignore[arg-type]
        conn.send_all(b"some of it")
        acknowledging.waiting = 3
        conn.send_eof()
        assert conn.unacknowledged() == 3
        acknowledging.is_reset = True
        with pytest.raises(ConnectionResetError):
            conn.unacknowledged()


def test_retried_send_duplicates_no_data() -> None:
    ours, peer = pair()
    with peer, LayeredConn(ours, SwapCase()) as conn:
        conn.settimeout(0)
        sent, blocked, data = 0, 0, b"a" * WRITE
        peer.settimeout(0)
        heard = b""
        while sent < 40 * WRITE:
            try:
                sent += conn.send(data)
            except BlockingIOError:
                blocked += 1
                heard += peer.recv(1 << 20)
        conn.settimeout(None)
        conn.close()
        peer.settimeout(5)
        while piece := peer.recv(1 << 20):
            heard += piece
        assert blocked
        assert heard.rstrip(b".") == b"A" * sent


def test_close_sends_eof_and_is_idempotent() -> None:
    ours, peer = pair()
    conn = LayeredConn(ours, SwapCase())
    conn.close()
    conn.close()
    assert peer.recv(10) == b"."
    peer.close()
    with pytest.raises(OSError):
        conn.recv(1)


def test_exception_in_with_block_sends_no_eof() -> None:
    ours, peer = pair()
    with peer:
        with suppress(KeyboardInterrupt), LayeredConn(ours, SwapCase()) as conn:
            conn.send_all(b"half")
            raise KeyboardInterrupt
        assert [peer.recv(10), peer.recv(10)] == [b"HALF", b""]


def test_break_off_sends_no_eof() -> None:
    ours, peer = pair()
    with peer:
        conn = LayeredConn(ours, SwapCase())
        conn.send_all(b"half")
        conn.break_off()
        conn.break_off()
        conn.close()
        # No full stop, because the data is incomplete.
        assert [peer.recv(10), peer.recv(10)] == [b"HALF", b""]


def test_concurrent_send_and_receive() -> None:
    """Answers of the codec are sent between the sent data, and nothing is sent twice."""

    class NumberedAnswers(SwapCase):
        """Numbers every message that it sends; answers every message that it receives."""

        made = 0

        def receive(self, data: bytes) -> bytes:
            return data

        def outgoing(self) -> bytes:
            return self.send(b"")

        def send(self, data: bytes | memoryview) -> bytes:
            number, self.made = self.made, self.made + 1
            return number.to_bytes(4, "big") * 1000

    ours, peer = pair()
    with peer, LayeredConn(ours, NumberedAnswers()) as conn:
        rounds = 400

        def send() -> None:
            for _ in range(rounds):
                conn.send(b"x")

        def feed() -> None:
            for _ in range(rounds):
                peer.send_all(b"y")
                conn_heard.wait(10)
                conn_heard.clear()

        def hear() -> None:
            for _ in range(rounds):
                assert conn.recv(10) == b"y"
                conn_heard.set()

        conn_heard = threading.Event()
        threads = [threading.Thread(target=work) for work in (send, feed, hear)]
        for thread in threads:
            thread.start()
        sent = [peer.recv_exactly(4000, timeout=10) for _ in range(2 * rounds)]
        for thread in threads:
            thread.join()
        assert sent == [number.to_bytes(4, "big") * 1000 for number in range(2 * rounds)]


def fill_buffers(conn: StreamConn) -> int:
    """Fill the buffers of the kernel; return the number of bytes sent."""
    conn.settimeout(0)
    size = 0
    with suppress(BlockingIOError):
        while True:
            size += conn.send(b"z" * 1000)
    conn.settimeout(None)
    return size


def test_close_waits_for_a_slow_peer() -> None:
    ours, peer = pair()
    with peer:
        size = fill_buffers(ours)
        closing = threading.Thread(target=LayeredConn(ours, SwapCase()).close)
        closing.start()
        assert peer.recv_exactly(size, timeout=10) == b"z" * size
        closing.join()
        assert peer.recv_all(timeout=10) == b"."


@pytest.mark.parametrize("timeout", [0, 0.01])
def test_close_waits_no_longer_than_the_timeout(timeout: float) -> None:
    ours, peer = pair()
    with peer:
        size = fill_buffers(ours)
        conn = LayeredConn(ours, SwapCase())
        conn.settimeout(timeout)
        conn.close()
        assert peer.recv_all(timeout=10) == b"z" * size


def test_close_does_not_wait_for_a_send_of_another_thread() -> None:
    ours, peer = pair()
    conn = LayeredConn(ours, SwapCase())

    def send() -> None:
        with suppress(OSError):
            conn.send_all(b"x" * (16 << 20))

    sending = threading.Thread(target=send)
    with peer:
        sending.start()
        assert peer.recv(1, timeout=10) == b"X"
        conn.close()
        # The send was cut off, so no EOF follows.
        assert not peer.recv_all(timeout=10).endswith(b".")
    sending.join()


class Trickle(StreamConn):
    """A connection that takes a second for each byte that it sends."""

    seconds = 0.0

    def send(self, data: bytes | memoryview) -> int:
        Trickle.seconds += 1
        return super().send(data[:1])


def test_send_timeout_applies_to_the_whole_data(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A peer that reads slowly does not extend the time-out."""
    monkeypatch.setattr(Trickle, "seconds", 0.0)
    monkeypatch.setattr(deadline, "time", SimpleNamespace(monotonic=lambda: Trickle.seconds))
    left, right = pair()
    with right, LayeredConn(Trickle(left.socket, left.local, left.peer), SwapCase()) as conn:
        with pytest.raises(TimeoutError):
            conn.send_all(b"abcdefgh", timeout=3.5)
        assert conn.gettimeout() is None
        assert right.recv(10) == b"ABCD"
