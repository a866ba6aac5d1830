"""A server that waited for a processor gets that time added to its deadline, up to a limit."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from conformance.core.transcript import Transcript
from conformance.scenario import death
from conformance.scenario.server_time import ServerTime


class Busy:
    """A server that is busy until it has been asked ``turns`` times whether it runs.

    Arguments:
        starved: whether it has been waiting for a processor all the time.
    """

    ending, status = "exit status 0", 0

    def __init__(self, turns: int, starved: bool) -> None:
        self.turns, self.starved = turns, starved
        self.turns_at_sigterm: int | None = None

    def runs(self) -> bool:
        self.turns = max(0, self.turns - 1)
        return self.turns > 0

    def waiting_time(self) -> float:
        return time.monotonic() if self.starved else 0.0

    def terminate(self) -> None:
        self.turns_at_sigterm = self.turns

    def wait(self, _within: float) -> bool:
        return True


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    def limit(most: float) -> None:
        monkeypatch.setattr(death, "SETTLING", 0.01)
        monkeypatch.setattr(death, "SETTLING_MOST", most)

    return limit


def terminated(server: Busy) -> int | None:
    death.ends_in_order(server, 1.0, Transcript())  # type: ignore[arg-type]
    return server.turns_at_sigterm


def test_starved_server_notices_closed_clients_before_sigterm(
    impatient: Callable[[float], None],
) -> None:
    impatient(60.0)
    assert terminated(Busy(turns=50, starved=True)) == 0


def test_server_in_an_endless_loop_is_stopped(impatient: Callable[[float], None]) -> None:
    impatient(60.0)
    assert terminated(Busy(turns=10**9, starved=False))


def test_starved_server_is_stopped_eventually(impatient: Callable[[float], None]) -> None:
    impatient(0.05)
    assert terminated(Busy(turns=10**9, starved=True))


def test_server_time_starts_at_its_last_progress() -> None:
    patience = ServerTime(Busy(turns=1, starved=False), 0.0, 60.0)  # type: ignore[arg-type]
    assert patience.is_over()
    patience = ServerTime(Busy(turns=1, starved=False), 60.0, 60.0)  # type: ignore[arg-type]
    patience.restart()
    assert not patience.is_over()
