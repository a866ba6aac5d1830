"""The order and times of connection attempts: RFC 8305, and one after another."""

from __future__ import annotations

import pytest

from pync.core.attempts import DELAY, LEAST_DELAY, Attempt, Attempts, interleaved


def family(name: str) -> int:
    return 6 if ":" in name else 4


def started(attempts: Attempts[str], now: float) -> list[Attempt[str]]:
    found = []
    while attempt := attempts.due(now):
        found.append(attempt)
    return found


def names(attempts: Attempts[str], now: float) -> list[str]:
    return [attempt.endpoint for attempt in started(attempts, now)]


@pytest.mark.parametrize(
    ("given", "ordered"),
    [
        ("", ""),
        ("1.1 1.2", "1.1 1.2"),
        ("::1 ::2 1.1 1.2", "::1 1.1 ::2 1.2"),
        ("1.1 ::1 ::2 ::3", "1.1 ::1 ::2 ::3"),
        ("::1 ::2 ::3 1.1", "::1 1.1 ::2 ::3"),
    ],
)
def test_address_families_are_interleaved(given: str, ordered: str) -> None:
    assert interleaved(given.split(), family) == ordered.split()


def test_next_address_is_due_after_the_delay() -> None:
    attempts = Attempts(["::1", "::2", "1.1"], family, 100.0)
    assert names(attempts, 100.0) == ["::1"]
    assert attempts.wake_at() == 100.0 + DELAY
    assert names(attempts, 100.0 + DELAY / 2) == []
    assert names(attempts, 100.0 + DELAY) == ["1.1"]
    assert names(attempts, 100.0 + 2 * DELAY) == ["::2"]
    assert attempts.wake_at() is None
    assert not attempts.over


def test_next_address_is_due_at_once_after_a_failure() -> None:
    attempts = Attempts(["::1", "1.1"], family, 0.0)
    (first,) = started(attempts, 0.0)
    attempts.failed(first, 0.01)
    assert attempts.wake_at() == 0.01
    (second,) = started(attempts, 0.01)
    assert second.endpoint == "1.1"
    assert not attempts.over
    attempts.failed(second, 0.02)
    assert attempts.over


def test_timeout_applies_to_all_attempts_together() -> None:
    attempts = Attempts(["::1", "1.1"], family, 0.0, 1.0)
    running = started(attempts, 0.0) + started(attempts, DELAY)
    assert attempts.wake_at() == 1.0
    assert attempts.expired(0.9) == []
    assert attempts.expired(1.0) == running
    for attempt in running:
        attempts.failed(attempt, 1.0)
    assert attempts.over


def test_no_attempt_starts_after_the_timeout() -> None:
    attempts = Attempts(["::1", "1.1"], family, 0.0, 1.0)
    (first,) = started(attempts, 0.0)
    assert attempts.expired(1.5) == [first]
    attempts.failed(first, 1.5)
    assert names(attempts, 1.5) == []
    assert attempts.over


@pytest.mark.parametrize(
    ("timeout", "delay"), [(10.0, DELAY), (0.4, 0.2), (0.001, LEAST_DELAY), (None, DELAY)]
)
def test_short_timeout_shortens_the_delay(timeout: float | None, delay: float) -> None:
    attempts = Attempts(["::1", "1.1"], family, 0.0, timeout)
    assert names(attempts, 0.0) == ["::1"]
    assert min(delay, timeout or delay) == attempts.wake_at()


def test_without_happy_eyeballs_one_after_another() -> None:
    attempts = Attempts(["::1", "::2", "1.1"], family, 0.0, 2.0, happy_eyeballs=False)
    (first,) = started(attempts, 0.0)
    assert names(attempts, 1.9) == []
    assert attempts.wake_at() == 2.0
    assert attempts.expired(2.0) == [first]
    attempts.failed(first, 2.0)
    (second,) = started(attempts, 2.0)
    assert second.endpoint == "::2"
    assert attempts.expired(3.9) == []
    assert attempts.expired(4.0) == [second]


def test_no_address() -> None:
    attempts: Attempts[str] = Attempts([], family, 0.0, 1.0)
    assert attempts.due(0.0) is None
    assert attempts.over
