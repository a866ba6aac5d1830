"""Nonces: validity, and how often each count is accepted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pync.layers import http_nonce as module
from pync.layers.http_nonce import LIFETIME, WINDOW, Nonces


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_is_ours() -> None:
    ours, other = Nonces(b"key", Clock()), Nonces(b"another", Clock())
    assert ours.is_ours(ours.make())
    assert not ours.is_ours(other.make())
    for made_up in ("", "-", "1000.000000-", "9e99-x", "\udcff-\udcff", "\xe9"):
        assert not ours.is_ours(made_up)


def test_nonce_expires() -> None:
    clock = Clock()
    nonces = Nonces(b"key", clock)
    nonce = nonces.make()
    clock.now += LIFETIME
    assert nonces.use(nonce, 1)
    clock.now += 0.001
    assert not nonces.use(nonce, 2)


@given(st.lists(st.integers(0, 3 * WINDOW), max_size=300))
def test_no_count_is_accepted_twice(numbers: list[int]) -> None:
    nonces = Nonces(b"key", Clock())
    nonce = nonces.make()
    used: set[int] = set()
    highest = 0
    for number in numbers:
        admitted = nonces.use(nonce, number)
        assert admitted == (number not in used and number > highest - WINDOW)
        if admitted:
            used.add(number)
            highest = max(highest, number)


def test_answer_without_a_count_is_the_last() -> None:
    nonces = Nonces(b"key", Clock())
    nonce = nonces.make()
    assert nonces.use(nonce, 1)
    assert nonces.use(nonce, None)
    for number in (None, 2, 0xFFFFFFFF - WINDOW):
        assert not nonces.use(nonce, number)


def test_number_of_remembered_nonces_is_bounded_and_others_are_rejected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 10)
    clock = Clock()
    nonces = Nonces(b"key", clock)
    made = []
    for _ in range(30):
        clock.now += 0.001
        made.append(nonces.make())
    for nonce in made:
        assert nonces.use(nonce, 1)
    assert len(nonces._used) == 10
    for nonce in made[:20]:
        assert not nonces.use(nonce, 2)
    for nonce in made[20:]:
        assert nonces.use(nonce, 2)
