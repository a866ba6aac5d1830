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


def test_signal_before_the_wait_ends_it() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _: heard.append(number))
    try:
        with wakeup.installed():
            # The handler has already run: only the wake-up pipe can end the wait.
            os.kill(os.getpid(), signal.SIGUSR1)
            assert heard == [signal.SIGUSR1]
            assert not _is_empty()
            wakeup.drain()
            # It is drained; draining it again is not an error.
            assert _is_empty()
            wakeup.drain()
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_signal_causes_a_round_of_the_loop() -> None:
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    rounds = iter([True, True])
    try:
        with wakeup.installed(), Loop() as loop:
            left, right = socket.socketpair()
            with left, right:
                loop.watch_reader(left.fileno(), lambda: pytest.fail("nothing was said"))
                os.kill(os.getpid(), signal.SIGUSR1)
                loop.call_later(10, lambda: pytest.fail("no wake-up came"))
                loop.run_while(lambda: next(rounds) if not _is_empty() else False)
    finally:
        signal.signal(signal.SIGUSR1, before)


def _is_empty() -> bool:
    """Return whether the wake-up pipe is empty."""
    descriptor = wakeup.wakeup_fd()
    assert descriptor is not None
    return select.select([descriptor], [], [], 0)[0] == []


def test_deferred_exception_is_raised_by_drain() -> None:
    with wakeup.installed():
        assert not wakeup.set_running(True)
        assert wakeup.defer(KeyError("owed"))
        assert not _is_empty()
        with pytest.raises(KeyError, match="owed"):
            wakeup.drain()
        assert _is_empty()
        wakeup.drain()
        assert wakeup.set_running(False)


def test_defer_needs_a_running_loop() -> None:
    with wakeup.installed():
        assert not wakeup.defer(KeyError("raise it yourself"))
        assert _is_empty()
        wakeup.raise_deferred()


def test_deferred_exception_is_dropped_at_the_end() -> None:
    with wakeup.installed():
        wakeup.set_running(True)
        assert wakeup.defer(KeyError("another error came first"))
        wakeup.set_running(False)
    wakeup.raise_deferred()


def test_earlier_wakeup_fd_is_restored() -> None:
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


def test_no_wakeup_fd_by_default() -> None:
    assert wakeup.wakeup_fd() is None
    wakeup.drain()


@pytest.mark.parametrize("main_has_one", [False, True])
def test_other_thread_has_no_wakeup_fd(main_has_one: bool) -> None:
    done: list[bool] = []

    def run() -> None:
        with wakeup.installed():
            done.append(wakeup.wakeup_fd() is None)

    with wakeup.installed() if main_has_one else nullcontext():
        thread = threading.Thread(target=run)
        thread.start()
        thread.join(10)
    assert done == [True]
