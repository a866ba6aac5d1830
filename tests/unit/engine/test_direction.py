"""The state machine of one direction: every state and every event."""

from __future__ import annotations

import itertools

import pytest

from pync.engine.direction import BROKEN, DRAINING, ENDED, OPEN, TRANSITIONS, after, is_over

STATES = (OPEN, DRAINING, ENDED, BROKEN)
EVENTS = ("source_eof", "drained", "failed")


def test_normal_transitions() -> None:
    assert after(OPEN, "source_eof") == DRAINING
    assert after(DRAINING, "drained") == ENDED


@pytest.mark.parametrize(("state", "event"), [*itertools.product(STATES, EVENTS)])
def test_no_transition_to_an_earlier_state(state: str, event: str) -> None:
    if (state, event) not in TRANSITIONS:
        with pytest.raises(KeyError):
            after(state, event)
    else:
        assert STATES.index(after(state, event)) >= STATES.index(state)


def test_final_states() -> None:
    for state in STATES:
        if is_over(state):
            assert {after(*step) for step in TRANSITIONS if step[0] == state} == {state}
    assert [is_over(state) for state in STATES] == [False, False, True, True]
