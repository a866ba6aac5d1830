"""A signal that arrives just before a wait ends the wait."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import threading
from contextlib import nullcontext

import pytest

from pync.engine.loop import Loop
from pync.waiting import wakeup

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="not on Windows")


def test_a_signal_that_came_before_the_wait_ends_it() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _: heard.append(number))
    try:
        with wakeup.installed():
            # Its handler has run by the time we wait: without the bell nothing would come.
            os.kill(os.getpid(), signal.SIGUSR1)
            assert heard == [signal.SIGUSR1]
            assert not _silent()
            wakeup.drain()
            # It is drained; draining it again is not an error.
            assert _silent()
            wakeup.drain()
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_loop_goes_round_for_it_and_calls_nobody() -> None:
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    rounds = iter([True, True])
    try:
        with wakeup.installed(), Loop() as loop:
            left, right = socket.socketpair()
            with left, right:
                loop.watch_reader(left.fileno(), lambda: pytest.fail("nothing was said"))
                os.kill(os.getpid(), signal.SIGUSR1)
                loop.call_later(10, lambda: pytest.fail("nobody rang"))
                loop.run_while(lambda: next(rounds) if not _silent() else False)
    finally:
        signal.signal(signal.SIGUSR1, before)


def _silent() -> bool:
    """Whether the bell has been heard."""
    ringing = wakeup.wakeup_fd()
    assert ringing is not None
    return select.select([ringing], [], [], 0)[0] == []


def test_what_is_owed_rings_once_more_and_is_raised_by_who_hears_it() -> None:
    with wakeup.installed():
        assert not wakeup.set_running(True)
        assert wakeup.defer(KeyError("owed"))
        assert not _silent()
        with pytest.raises(KeyError, match="owed"):
            wakeup.drain()
        assert _silent()
        wakeup.drain()
        assert wakeup.set_running(False)


def test_nothing_can_be_owed_to_nobody() -> None:
    with wakeup.installed():
        assert not wakeup.defer(KeyError("raise it yourself"))
        assert _silent()
        wakeup.raise_deferred()


def test_what_was_owed_is_forgotten_with_the_bell() -> None:
    with wakeup.installed():
        wakeup.set_running(True)
        assert wakeup.defer(KeyError("another error came first"))
        wakeup.set_running(False)
    wakeup.raise_deferred()


def test_nothing_is_left_behind_and_another_s_bell_is_put_back() -> None:
    left, right = socket.socketpair()
    with left, right:
        right.setblocking(False)
        before = signal.set_wakeup_fd(right.fileno())
        try:
            with wakeup.installed(), wakeup.installed():
                pass
            assert signal.set_wakeup_fd(-1) == right.fileno()
        finally:
            signal.set_wakeup_fd(before)


def test_where_nobody_asked_for_it_there_is_none() -> None:
    assert wakeup.wakeup_fd() is None
    wakeup.drain()


@pytest.mark.parametrize("main_has_one", [False, True])
def test_another_thread_does_without(main_has_one: bool) -> None:
    done: list[bool] = []

    def run() -> None:
        with wakeup.installed():
            done.append(wakeup.wakeup_fd() is None)

    with wakeup.installed() if main_has_one else nullcontext():
        thread = threading.Thread(target=run)
        thread.start()
        thread.join(10)
    assert done == [True]
