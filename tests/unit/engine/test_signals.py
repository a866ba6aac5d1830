"""A signal ends the command only at safe points."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

import pytest

from pync.core.deadline import Deadline
from pync.core.errors import Terminated
from pync.engine import signals
from pync.engine.loop import Loop
from pync.waiting import wakeup
from pync.waiting.readiness import readable

posix = pytest.mark.skipif(sys.platform == "win32", reason="not on Windows")

#: Signal -> the exception raised for it.
RAISED = {signal.SIGINT: KeyboardInterrupt, signal.SIGTERM: Terminated}

#: The signals whose handlers must be restored.
HANDLERS = [
    signal.SIGINT,
    signal.SIGTERM,
    *([signal.SIGALRM] if hasattr(signal, "SIGALRM") else []),
]


def round_of(callback: Callable[[], None], going_on: Callable[[], bool] = lambda: True) -> None:
    """Run a loop that calls the callback at once; the test fails if it runs for long."""
    with signals.ending(), wakeup.installed(), Loop() as loop:
        loop.call_later(0, callback)
        loop.call_later(10, lambda: pytest.fail("the loop went on"))
        loop.run_while(going_on)


def ended_by(number: signal.Signals, clean_up: Callable[[], object]) -> None:
    """Raise a signal where no loop runs; only the clean-up may run after it."""
    with signals.ending():
        try:
            signal.raise_signal(number)
            pytest.fail("the signal was not heard")
        finally:
            clean_up()


@posix
@pytest.mark.parametrize("number", RAISED)
def test_callback_is_not_interrupted(number: signal.Signals) -> None:
    done: list[str] = []

    def callback() -> None:
        signal.raise_signal(number)
        done.append("all of it")

    with pytest.raises(RAISED[number]):
        round_of(callback)
    assert done == ["all of it"]


@posix
def test_pending_signal_is_raised_when_the_loop_ends() -> None:
    rounds = iter([True, False])
    with pytest.raises(Terminated):
        round_of(lambda: signal.raise_signal(signal.SIGTERM), lambda: next(rounds))


@posix
def test_loop_of_another_thread_has_no_effect() -> None:
    done: list[str] = []
    inside, heard = threading.Event(), threading.Event()

    def beside() -> None:
        with Loop() as other:
            other.call_later(0, in_callback)
            other.run_while(lambda: not done)

    def in_callback() -> None:
        inside.set()
        heard.wait(10)
        done.append("beside")

    def callback() -> None:
        thread = threading.Thread(target=beside)
        thread.start()
        inside.wait(10)
        signal.raise_signal(signal.SIGTERM)
        heard.set()
        thread.join(10)
        done.append("all of it")

    with pytest.raises(Terminated):
        round_of(callback)
    assert done == ["beside", "all of it"]


@posix
def test_blocked_callback_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "CALLBACK_TIMEOUT", 0.01)
    silent, held = os.pipe()

    def callback() -> None:
        signal.raise_signal(signal.SIGTERM)
        os.read(silent, 1)

    try:
        with pytest.raises(Terminated):
            round_of(callback)
    finally:
        os.close(silent)
        os.close(held)


@pytest.mark.parametrize("number", RAISED)
def test_outside_a_loop_the_signal_is_raised_at_once(number: signal.Signals) -> None:
    with pytest.raises(RAISED[number]), wakeup.installed():
        ended_by(number, lambda: None)


def test_second_signal_does_not_interrupt_the_clean_up() -> None:
    done: list[str] = []

    def clean_up() -> None:
        signal.raise_signal(signal.SIGTERM)
        done.append("tidied up")

    with pytest.raises(KeyboardInterrupt):
        ended_by(signal.SIGINT, clean_up)
    assert done == ["tidied up"]


@posix
def test_second_signal_does_not_interrupt_a_callback() -> None:
    done: list[str] = []

    def callback() -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        done.append("all of it")

    with pytest.raises(KeyboardInterrupt):
        round_of(callback)
    assert done == ["all of it"]


def test_error_in_the_clean_up_is_replaced_by_the_signal() -> None:
    with pytest.raises(Terminated) as told:
        ended_by(signal.SIGTERM, {}.popitem)
    assert told.value.status == 128 + signal.SIGTERM


def test_error_without_a_signal_propagates() -> None:
    with pytest.raises(KeyError, match="popitem"), signals.ending():
        {}.popitem()


def test_error_after_a_handled_signal_propagates() -> None:
    def run() -> None:
        with signals.ending():
            with suppress(Terminated):
                signal.raise_signal(signal.SIGTERM)
            {}.popitem()

    with pytest.raises(KeyError, match="popitem"):
        run()


def test_signal_handlers_are_restored() -> None:
    before = [signal.getsignal(number) for number in HANDLERS]
    with pytest.raises(KeyboardInterrupt):
        ended_by(signal.SIGINT, lambda: None)
    assert [signal.getsignal(number) for number in HANDLERS] == before


@posix
def test_no_alarm_is_left_behind() -> None:
    with pytest.raises(KeyboardInterrupt):
        round_of(lambda: signal.raise_signal(signal.SIGINT))
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


@posix
def test_alarm_handler_of_the_application_still_works() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _: heard.append(number))
    try:
        round_of(lambda: signal.raise_signal(signal.SIGALRM), lambda: not heard)
        assert heard == [signal.SIGALRM]
        with pytest.raises(KeyboardInterrupt):
            round_of(lambda: signal.raise_signal(signal.SIGINT))
        signal.raise_signal(signal.SIGALRM)
        assert heard == [signal.SIGALRM] * 2
    finally:
        signal.signal(signal.SIGALRM, before)


@posix
def test_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals.ending():
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_other_thread_installs_no_handlers() -> None:
    found: list[object] = []

    def run() -> None:
        with signals.ending():
            found.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join(10)
    assert found == [before]


@posix
@pytest.mark.parametrize("number", RAISED)
def test_signal_whose_exception_was_lost_ends_the_next_wait(number: signal.Signals) -> None:
    # Python discards exceptions in callbacks of weak references; importlib uses such callbacks.
    def wait(loop: Loop) -> None:
        with suppress(RAISED[number]):
            signal.raise_signal(number)
        loop.call_later(10, lambda: pytest.fail("the loop went on"))
        loop.run_while(lambda: True)

    with pytest.raises(RAISED[number]), signals.ending(), wakeup.installed(), Loop() as loop:
        wait(loop)


@posix
def test_signal_whose_exception_was_lost_ends_a_wait_without_a_loop() -> None:
    def wait() -> None:
        with suppress(Terminated):
            signal.raise_signal(signal.SIGTERM)
        readable([ours.fileno()], Deadline(10))

    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(Terminated), signals.ending(), wakeup.installed():
        wait()


@posix
def test_clean_up_after_a_signal_may_run_a_loop() -> None:
    done: list[bool] = []

    def clean_up() -> None:
        with wakeup.installed(), Loop() as loop:
            loop.call_later(0.01, lambda: done.append(True))
            loop.run_while(lambda: not done)

    with pytest.raises(Terminated):
        ended_by(signal.SIGTERM, clean_up)
    assert done
