"""The time slice of a client in the loop."""

from __future__ import annotations

import time

import pytest

from pync.engine import turn as module
from pync.engine.turn import Turn


def test_turn_is_over_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    turn = Turn()
    assert turn.is_over()
    turn.begin()
    assert not turn.is_over()
    now[0] += module.TURN * 2
    assert turn.is_over()
    turn.begin()
    assert not turn.is_over()
