"""A connection through a codec, with a codec that can be read: it turns letters over."""

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


class Upside:
    """Swaps the case; a full stop is the end; answers a question mark by itself."""

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


def test_what_is_sent_and_received_goes_through_the_codec() -> None:
    ours, peer = pair()
    with peer, LayeredConn(ours, Upside()) as conn:
        conn.send_all(b"Hello")
        assert peer.recv(10) == b"hELLO"
        peer.send_all(b"yES")
        assert conn.recv(1) == b"Y"
        assert conn.pending()
        assert conn.recv(10) == b"es"
        assert not conn.pending()


def test_the_codecs_own_answer_is_sent() -> None:
    ours, peer = pair()
    with peer, LayeredConn(ours, Upside()) as conn:
        peer.send_all(b"?x")
        assert conn.recv(10) == b"X"
        assert peer.recv(10) == b"!"


def test_its_end_is_eof_and_ours_is_passed_on() -> None:
    ours, peer = pair()
    with peer, LayeredConn(ours, Upside()) as conn:
        conn.send_eof()
        assert peer.recv(10) == b"."
        # No FIN yet: servers take that for a client that is gone.
        peer.settimeout(0)
        with pytest.raises(BlockingIOError):
            peer.recv(1)
        peer.send_all(b"last.")
        assert conn.recv(10) == b"LAST"
        assert conn.pending()
        assert [conn.recv(10), conn.recv(10)] == [b"", b""]


def test_fin_follows_when_the_peer_has_ended() -> None:
    ours, peer = pair()
    with peer, LayeredConn(ours, Upside()) as conn:
        peer.send_all(b".")
        assert conn.recv(1) == b""
        conn.send_eof()
        assert [peer.recv(10), peer.recv(10)] == [b".", b""]


def test_a_peer_that_had_everything_and_closed_is_no_failure() -> None:
    ours, peer = pair()
    with LayeredConn(ours, Upside()) as conn:
        peer.send_all(b".")
        assert conn.recv(1) == b""
        peer.close()
        conn.send_eof()
        conn.send_eof()


def test_a_failure_comes_after_what_came_before_it() -> None:
    ours, peer = pair()
    codec = Upside()
    with peer, LayeredConn(ours, codec) as conn:
        conn.hold(b"whole")
        codec.failure = TruncatedError()
        assert conn.pending()
        assert conn.recv(10) == b"whole"
        assert conn.pending()
        with pytest.raises(TruncatedError):
            conn.recv(10)


class Acknowledging:
    """Part of a connection whose kernel says how much is acknowledged, until it is reset."""

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


def test_a_reset_that_only_our_end_has_earned_is_no_loss() -> None:
    ours, peer = pair()
    with peer, LayeredConn(acknowledging := Acknowledging(ours), Upside()) as conn:  # type: ignore[arg-type]
        conn.send_all(b"all of it")
        conn.send_eof()
        acknowledging.is_reset = True
        assert conn.unacknowledged() == 0


def test_a_reset_before_the_peer_had_everything_is_told() -> None:
    ours, peer = pair()
    with peer, LayeredConn(acknowledging := Acknowledging(ours), Upside()) as conn:  # type: ignore[arg-type]
        conn.send_all(b"some of it")
        acknowledging.waiting = 3
        conn.send_eof()
        assert conn.unacknowledged() == 3
        acknowledging.is_reset = True
        with pytest.raises(ConnectionResetError):
            conn.unacknowledged()


def test_a_send_that_had_to_wait_is_tried_again_and_nothing_is_sent_twice() -> None:
    ours, peer = pair()
    with peer, LayeredConn(ours, Upside()) as conn:
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


def test_close_says_goodbye_and_is_idempotent() -> None:
    ours, peer = pair()
    conn = LayeredConn(ours, Upside())
    conn.close()
    conn.close()
    assert peer.recv(10) == b"."
    peer.close()
    with pytest.raises(OSError):
        conn.recv(1)


def test_an_exception_does_not_say_that_this_was_the_end() -> None:
    ours, peer = pair()
    with peer:
        with suppress(KeyboardInterrupt), LayeredConn(ours, Upside()) as conn:
            conn.send_all(b"half")
            raise KeyboardInterrupt
        assert [peer.recv(10), peer.recv(10)] == [b"HALF", b""]


def test_what_is_broken_off_does_not_say_that_this_was_the_end() -> None:
    ours, peer = pair()
    with peer:
        conn = LayeredConn(ours, Upside())
        conn.send_all(b"half")
        conn.break_off()
        conn.break_off()
        conn.close()
        # No full stop: what came was not all.
        assert [peer.recv(10), peer.recv(10)] == [b"HALF", b""]


def test_one_thread_receives_while_another_sends() -> None:
    """What the layer answers goes out between what is sent, and nothing goes out twice."""

    class Answers(Upside):
        """Numbers all that leaves; what comes is answered."""

        made = 0

        def receive(self, data: bytes) -> bytes:
            return data

        def outgoing(self) -> bytes:
            return self.send(b"")

        def send(self, data: bytes | memoryview) -> bytes:
            number, self.made = self.made, self.made + 1
            return number.to_bytes(4, "big") * 1000

    ours, peer = pair()
    with peer, LayeredConn(ours, Answers()) as conn:
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


def full(conn: StreamConn) -> int:
    """Fill what the kernel holds for the peer; returns how many bytes that is."""
    conn.settimeout(0)
    size = 0
    with suppress(BlockingIOError):
        while True:
            size += conn.send(b"z" * 1000)
    conn.settimeout(None)
    return size


def test_the_end_waits_for_a_peer_that_reads_slowly() -> None:
    ours, peer = pair()
    with peer:
        size = full(ours)
        closing = threading.Thread(target=LayeredConn(ours, Upside()).close)
        closing.start()
        assert peer.recv_exactly(size, timeout=10) == b"z" * size
        closing.join()
        assert peer.recv_all(timeout=10) == b"."


@pytest.mark.parametrize("timeout", [0, 0.01])
def test_the_end_waits_no_longer_than_the_connection(timeout: float) -> None:
    ours, peer = pair()
    with peer:
        size = full(ours)
        conn = LayeredConn(ours, Upside())
        conn.settimeout(timeout)
        conn.close()
        assert peer.recv_all(timeout=10) == b"z" * size


def test_close_does_not_wait_for_another_thread_s_send() -> None:
    ours, peer = pair()
    conn = LayeredConn(ours, Upside())

    def send() -> None:
        with suppress(OSError):
            conn.send_all(b"x" * (16 << 20))

    sending = threading.Thread(target=send)
    with peer:
        sending.start()
        assert peer.recv(1, timeout=10) == b"X"
        conn.close()
        # It was cut off, so there is no end.
        assert not peer.recv_all(timeout=10).endswith(b".")
    sending.join()


class Trickle(StreamConn):
    """A connection that takes a second for each byte that it sends."""

    seconds = 0.0

    def send(self, data: bytes | memoryview) -> int:
        Trickle.seconds += 1
        return super().send(data[:1])


def test_a_time_out_for_sending_is_for_all_sends_of_a_piece(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A peer that reads a little now and then does not put it off."""
    monkeypatch.setattr(Trickle, "seconds", 0.0)
    monkeypatch.setattr(deadline, "time", SimpleNamespace(monotonic=lambda: Trickle.seconds))
    left, right = pair()
    with right, LayeredConn(Trickle(left.socket, left.local, left.peer), Upside()) as conn:
        with pytest.raises(TimeoutError):
            conn.send_all(b"abcdefgh", timeout=3.5)
        assert conn.gettimeout() is None
        assert right.recv(10) == b"ABCD"
