"""The timers of a relay, tested without a relay."""

from __future__ import annotations

import pytest

from pync.core.endings import Endings
from pync.core.errors import IdleTimeoutError, QuitTimeoutError
from pync.engine.clock import Clock
from pync.engine.loop import Loop
from pync.transports.conn import Conn
from pync.transports.memory import pair


def outcome(endings: Endings, *, datagram: bool = False, over: bool = True) -> Exception | None:
    """Return the exception with which the clock ends a relay; None if it ends in order."""
    ours, theirs = pair()
    ended: list[Exception | None] = []
    with ours, theirs, Loop() as loop:
        Conn.datagram, kept = datagram, Conn.datagram
        try:
            clock = Clock(loop, ours, endings, ended.append)
            clock.start()
            if over:
                clock.input_over()
            loop.run_while(lambda: not ended)
        finally:
            Conn.datagram = kept
        clock.stop()
    return ended[0]


def test_quit_after() -> None:
    assert outcome(Endings(quit_after=0.01)) is None
    assert isinstance(outcome(Endings(quit_after=0.01, quit_fails=True)), QuitTimeoutError)


@pytest.mark.parametrize("datagram", [False, True])
def test_idle(datagram: bool) -> None:
    endings = Endings(idle=0.01, answer_wait=0.01)
    assert isinstance(outcome(endings, datagram=datagram, over=False), IdleTimeoutError)


def test_missing_answer_to_datagrams_is_not_an_error() -> None:
    assert outcome(Endings(answer_wait=0.01), datagram=True) is None
    assert outcome(Endings(answer_wait=0.02, idle=0.01), datagram=True) is None


def test_answer_wait_does_not_apply_to_streams() -> None:
    assert isinstance(outcome(Endings(answer_wait=0.001, idle=0.02)), IdleTimeoutError)


def test_silence_after_the_input_ends_a_stream_without_error() -> None:
    assert outcome(Endings(silence=0.01)) is None
    assert isinstance(outcome(Endings(silence=0.01, idle=0.02), over=False), IdleTimeoutError)


def test_stop_cancels_all_timers() -> None:
    ours, theirs = pair()
    called: list[object] = []
    with ours, theirs, Loop() as loop:
        clock = Clock(loop, ours, Endings(idle=0.001, quit_after=0.001), called.append)
        clock.start(lambda: called.append("the meter"))
        clock.input_over()
        clock.stop()
        done: list[bool] = []
        loop.call_later(0.02, lambda: done.append(True))
        loop.run_while(lambda: not done)
    assert called == []
