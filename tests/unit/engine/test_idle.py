"""The timer that expires when nothing has happened for a while."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from pync.engine.idle import IdleTimer, idle_timeout
from pync.engine.loop import Loop


@pytest.fixture
def loop() -> Iterator[Loop]:
    with Loop() as loop:
        yield loop


def test_timer_expires_once_per_start(loop: Loop) -> None:
    expired: list[float] = []
    timer = IdleTimer(loop, 0.01, lambda: expired.append(time.monotonic()))
    for count in (1, 2):
        began = time.monotonic()
        timer.start()
        loop.run_while(lambda: len(expired) < count)  # noqa: B023 - used at once
        assert expired[-1] >= began + 0.01
    assert loop._timers == []


def test_reset_postpones_expiry_without_a_new_loop_timer(loop: Loop) -> None:
    expired: list[float] = []
    timer = IdleTimer(loop, 0.05, lambda: expired.append(time.monotonic()))
    timer.start()
    happened = time.monotonic()
    while time.monotonic() < happened + 0.02:
        timer.reset()
        assert len(loop._timers) == 1
    last = timer.active_at
    timer.start()
    assert len(loop._timers) == 1
    loop.run_while(lambda: not expired)
    assert expired[0] >= last + 0.05


def test_activity_time_from_a_callback(loop: Loop) -> None:
    expired: list[float] = []
    happened = time.monotonic() + 0.05
    timer = IdleTimer(loop, 0.01, lambda: expired.append(time.monotonic()), lambda: happened)
    timer.start()
    loop.run_while(lambda: not expired)
    assert expired[0] >= happened + 0.01


def test_long_inactivity_expires_at_once(loop: Loop) -> None:
    expired: list[bool] = []
    long_ago = time.monotonic() - 1000
    IdleTimer(loop, 900, lambda: expired.append(True), lambda: long_ago).start()
    loop.run_while(lambda: not expired)


def test_timer_without_a_time_never_expires(loop: Loop) -> None:
    IdleTimer(loop, None, lambda: pytest.fail("it has expired")).start()
    assert loop._timers == []


def test_cancelled_timer_does_not_expire(loop: Loop) -> None:
    timer = IdleTimer(loop, 0.0, lambda: pytest.fail("it has expired"))
    timer.start()
    timer.cancel()
    timer.cancel()
    loop.call_later(0.001, lambda: rounds.append(1))
    rounds: list[int] = []
    loop.run_while(lambda: not rounds)


def test_idle_timeout_message() -> None:
    assert str(idle_timeout("tcp://h:1", 1.5)) == "relay tcp://h:1: idle for 1.5 s"
