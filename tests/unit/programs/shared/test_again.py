"""Repeated actions: which failures are reported, and what ends the repetition."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pync.core.address import Address
from pync.core.errors import DialError, OutputGone, RelayError, UsageError
from pync.core.events import Connected, Event, PeerEnded
from pync.core.server_events import Failed
from pync.programs.shared.again import Again

PEER = Address("tcp", "localhost", "1")
REFUSED = DialError("dial", PEER, "connection refused")
RESET = RelayError("relay", PEER, "connection reset by peer")


def told_of(steps: list[Callable[[Again], object]]) -> list[Event]:
    """Return the reports when these steps run one after another, followed by ^C."""
    told: list[Event] = []
    again = Again(0.0, Connected, told.append)
    left = iter(steps)

    def once() -> object:
        step = next(left, None)
        if step is None:
            raise KeyboardInterrupt
        return step(again)

    with pytest.raises(KeyboardInterrupt):
        again.run(once, PEER)
    return told


def failing(error: Exception, *before: Event) -> Callable[[Again], object]:
    def step(again: Again) -> object:
        for event in before:
            again.report(event)
        raise error

    return step


def test_normal_end_is_repeated() -> None:
    assert told_of([lambda again: again.report(PeerEnded(PEER))] * 3) == [PeerEnded(PEER)] * 3


def test_same_failure_is_reported_once() -> None:
    assert told_of([failing(REFUSED)] * 5) == [Failed(REFUSED)]
    other = DialError("dial", PEER, "timed out")
    steps = [failing(REFUSED), failing(other), failing(other), failing(REFUSED)]
    assert told_of(steps) == [Failed(REFUSED), Failed(other), Failed(REFUSED)]


def test_failure_is_reported_again_after_a_success() -> None:
    reached = Connected(PEER, "localhost")
    assert told_of([failing(RESET, reached)] * 2) == [reached, Failed(RESET)] * 2


def test_unexpected_exception_is_reported_in_one_line() -> None:
    (failed,) = told_of([failing(KeyError("x"))])
    assert isinstance(failed, Failed)
    assert str(failed.error) == "relay tcp://localhost:1: internal error: KeyError: 'x'"


@pytest.mark.parametrize("error", [UsageError("no such file"), OutputGone()])
def test_own_failure_ends_the_repetition(error: Exception) -> None:
    again = Again(0.0, Connected, lambda _event: None)
    with pytest.raises(type(error)):
        again.run(lambda: failing(error)(again), PEER)
