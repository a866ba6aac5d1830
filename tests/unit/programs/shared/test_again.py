"""Repeated actions: which failures are reported, and what ends the repetition."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pync.core.address import Address
from pync.core.errors import DialError, OutputGone, RelayError, UsageError
from pync.core.events import Connected, Event, Failed, PeerEnded
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


def test_what_ends_in_order_is_done_again() -> None:
    assert told_of([lambda again: again.report(PeerEnded(PEER))] * 3) == [PeerEnded(PEER)] * 3


def test_the_same_failure_is_told_once() -> None:
    assert told_of([failing(REFUSED)] * 5) == [Failed(REFUSED)]
    other = DialError("dial", PEER, "timed out")
    steps = [failing(REFUSED), failing(other), failing(other), failing(REFUSED)]
    assert told_of(steps) == [Failed(REFUSED), Failed(other), Failed(REFUSED)]


def test_it_is_told_again_when_something_was_reached() -> None:
    reached = Connected(PEER, "localhost")
    assert told_of([failing(RESET, reached)] * 2) == [reached, Failed(RESET)] * 2


def test_what_is_not_foreseen_is_one_line_too() -> None:
    (failed,) = told_of([failing(KeyError("x"))])
    assert isinstance(failed, Failed)
    assert str(failed.error) == "relay tcp://localhost:1: internal error: KeyError: 'x'"


@pytest.mark.parametrize("error", [UsageError("no such file"), OutputGone()])
def test_a_failure_of_ours_ends_it(error: Exception) -> None:
    again = Again(0.0, Connected, lambda _event: None)
    with pytest.raises(type(error)):
        again.run(lambda: failing(error)(again), PEER)
