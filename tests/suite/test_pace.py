"""How many cases are in flight, and who is held up on a machine of which nothing is known."""

from __future__ import annotations

from itertools import accumulate

import pytest

from conformance.profiles.concurrency import _one_was_held_up
from conformance.runner.pace import in_flight


@pytest.mark.parametrize(
    ("cores", "cases", "workers"),
    [(2, 1186, 8), (2, 36, 6), (2, 5, 1), (2, 7, 2), (1, 1186, 4), (16, 1186, 16), (16, 30, 5)],
)
def test_cases_in_flight(
    cores: int, cases: int, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    assert in_flight(cases) == workers


@pytest.mark.parametrize(
    ("waits", "held_up"),
    [
        ([0.002] * 65, False),
        # A loaded machine: all wait, some of them for half of a connection's time.
        ([0.05, 0.03, 0.08, 0.06, 0.11] * 13, False),
        # Sixty at a time: one must wait for an end.
        ([0.002] * 60 + [0.2, 0.002, 0.002, 0.002, 0.003], True),
        # One at a time.
        ([0.005, 0.15], True),
        ([0.005, 0.006], False),
    ],
)
def test_a_client_is_held_up_for_longer_than_the_others(waits: list[float], held_up: bool) -> None:
    moments = list(accumulate(waits, initial=100.0))
    assert _one_was_held_up(moments, lasts=0.15) is held_up
