"""A handshake in a loop: whole, byte by byte, and with peers that misbehave."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pync.engine.handshake import STEPS, HandshakeRun
from pync.engine.loop import Loop
from pync.layers.handshake import Exactly, Handshake, HandshakeError, Line, Pause, Send, say
from pync.transports.conn import StreamConn
from pync.transports.memory import pair

from ...systems import needs_rst


def greets() -> Handshake[bytes]:
    yield Send(b"hello\n")
    name = yield Line(8)
    nothing = yield Exactly(0)
    size = yield Exactly(2)
    end = yield Line(3, b"\0")
    yield Send(b"bye\n")
    return name + nothing + size + end


class HandshakeFixture:
    """A handshake run and the peer that it talks to."""

    def __init__(self, handshake: Handshake[bytes], seconds: float = 10) -> None:
        self.ended = 0
        self.ours, self.peer = pair()
        self.peer.settimeout(10)
        self.loop = Loop()
        self.handshake_run = HandshakeRun(self.loop, self.ours, handshake, seconds, self._finished)

    def _finished(self, _handshake_run: HandshakeRun[bytes]) -> None:
        self.ended += 1

    def __enter__(self) -> HandshakeFixture:
        return self

    def __exit__(self, *_: object) -> None:
        with ExitStack() as stack:
            stack.push(self.loop)
            stack.enter_context(self.ours)
            stack.enter_context(self.peer)
            self.handshake_run.stop()

    def run(self) -> None:
        self.loop.run_while(lambda: not self.ended)

    def round(self) -> None:
        """Run the loop once."""
        self.loop.call_later(0, lambda: None)
        rounds = iter([True])
        self.loop.run_while(lambda: next(rounds, False))


WORDS = b"joe\n12x\0"


def test_bytes_after_the_handshake_are_not_read() -> None:
    with HandshakeFixture(greets()) as table:
        table.peer.send_all(WORDS + b"first words")
        table.handshake_run.start()
        assert table.ended == 1
        assert table.handshake_run.failure is None
        assert table.handshake_run.result == b"joe\n12x\0"
        assert table.peer.recv(100) == b"hello\nbye\n"
        assert table.ours.recv(100) == b"first words"


@given(st.lists(st.integers(1, len(WORDS)), max_size=6))
def test_any_segmentation_of_the_input(cuts: list[int]) -> None:
    with HandshakeFixture(greets()) as table:
        table.handshake_run.start()
        for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(WORDS)]):
            assert not table.ended or start == len(WORDS)
            table.peer.send_all(WORDS[start:end])
            table.round()
        table.run()
        assert table.handshake_run.result == WORDS


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (b"joe", "the connection ended in the handshake"),
        (b"too long a name\n", "the peer sent too long a line"),
        (b"", "the connection ended in the handshake"),
    ],
)
def test_handshake_errors(words: bytes, said: str) -> None:
    with HandshakeFixture(greets()) as table:
        table.peer.send_all(words)
        table.peer.send_eof()
        table.handshake_run.start()
        table.run()
        assert isinstance(table.handshake_run.failure, HandshakeError)
        assert str(table.handshake_run.failure) == said
        assert table.ended == 1


def test_silent_peer_times_out() -> None:
    with HandshakeFixture(greets(), 0.02) as table:
        table.handshake_run.start()
        table.run()
        assert str(table.handshake_run.failure) == "the handshake timed out"


def test_send_waits_for_a_peer_that_does_not_read() -> None:
    much = bytes(range(256)) * 20000

    def talks() -> Handshake[bytes]:
        yield Send(much)
        return b"said"

    with HandshakeFixture(talks()) as table:
        table.handshake_run.start()
        assert not table.ended
        heard = bytearray()
        while len(heard) < len(much):
            heard += table.peer.recv(1 << 20)
            table.round()
        assert bytes(heard) == much
        assert table.handshake_run.result == b"said"


def test_data_sent_before_an_error_is_delivered() -> None:
    def refuses() -> Handshake[bytes]:
        yield Send(b"no\n")
        raise HandshakeError("refused")

    with HandshakeFixture(refuses()) as table:
        table.handshake_run.start()
        assert str(table.handshake_run.failure) == "refused"
        assert table.peer.recv(10) == b"no\n"


def test_stop_calls_no_callback() -> None:
    with HandshakeFixture(greets()) as table:
        table.handshake_run.start()
        table.handshake_run.stop()
        table.handshake_run.stop()
        table.peer.send_all(WORDS)
        table.round()
        assert table.ended == 0


@pytest.fixture
def gone() -> Iterator[StreamConn]:
    ours, peer = pair()
    peer.close()
    with ours:
        yield ours


@needs_rst
def test_peer_that_has_closed(gone: StreamConn) -> None:
    ended: list[HandshakeRun[None]] = []
    with Loop() as loop:
        HandshakeRun(loop, gone, say(b"x"), 10, ended.append).start()
    assert isinstance(ended[0].failure, OSError)


def test_long_line_is_read_in_several_turns() -> None:
    def hears() -> Handshake[bytes]:
        return (yield Line(10 * STEPS))

    with HandshakeFixture(hears()) as table:
        table.peer.send_all(b"x" * 3 * STEPS + b"\nrest")
        table.handshake_run.start()
        rounds = 0
        while not table.ended:
            table.round()
            rounds += 1
        assert rounds == 3
        assert table.handshake_run.result == b"x" * 3 * STEPS + b"\n"
        assert table.ours.recv(100) == b"rest"


def test_pause_does_not_block_the_loop() -> None:
    def refuses() -> Handshake[bytes]:
        word = yield Exactly(1)
        yield Pause(0.05)
        yield Send(b"no")
        return word

    with HandshakeFixture(refuses()) as table:
        ran: list[int] = []
        table.loop.call_every(0.001, lambda: ran.append(table.ended))
        table.peer.send_all(b"xy")
        table.handshake_run.start()
        table.run()
        assert 0 in ran
        assert table.peer.recv(9) == b"no"
        assert table.ours.recv(9) == b"y"


def test_stop_during_a_pause() -> None:
    def waits() -> Handshake[bytes]:
        yield Pause(0)
        raise AssertionError

    with HandshakeFixture(waits()) as table:
        table.handshake_run.start()
        table.handshake_run.stop()
        table.round()
        assert table.ended == 0
