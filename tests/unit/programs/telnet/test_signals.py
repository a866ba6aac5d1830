"""Signals call a callback in the loop while they are caught."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from pync.engine.loop import Loop
from pync.programs.telnet.signals import Signals

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


def test_catch_and_release() -> None:
    before = signal.getsignal(signal.SIGWINCH), signal.getsignal(signal.SIGINT)
    happened: list[str] = []
    with Loop() as loop, Signals(loop, happened.append) as signals:
        signals.catch()
        signals.catch()
        os.kill(os.getpid(), signal.SIGWINCH)
        os.kill(os.getpid(), signal.SIGINT)
        loop.run_while(lambda: len(happened) < 2)
        signals.release()
        assert (signal.getsignal(signal.SIGWINCH), signal.getsignal(signal.SIGINT)) == before
    assert happened == ["SIGWINCH", "SIGINT"]


def test_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGQUIT, signal.SIG_IGN)
    try:
        with Loop() as loop, Signals(loop, print) as signals:
            signals.catch()
            assert signal.getsignal(signal.SIGQUIT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGQUIT, before)
