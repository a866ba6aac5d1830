"""The end of a relay that serves many: at once, or when those inside have ended."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from pync.core.errors import Terminated
from pync.engine.loop import Loop
from pync.programs.relay.serving import serve


class Inside:
    """Clients in name: one is inside, and leaves after ``seconds``."""

    def __init__(self, loop: Loop, seconds: float) -> None:
        self.sessions: set[object] = {"one"}
        self.told: list[str] = []
        loop.call_later(seconds, self.sessions.clear)
        loop.call_later(0, self._end)

    def _end(self) -> None:
        raise Terminated(signal.SIGTERM)

    def __getattr__(self, name: str) -> Any:
        return lambda: self.told.append(name)


def test_without_time_to_end_a_signal_ends_it_at_once() -> None:
    with Loop() as loop:
        clients = Inside(loop, 10)
        with pytest.raises(Terminated):
            serve(clients, loop, None)  # type: ignore[arg-type]
    assert clients.told == ["open", "break_off"]


@pytest.mark.parametrize(("stays", "left"), [(0.02, set()), (10, {"one"})])
def test_with_it_nobody_comes_in_and_those_inside_may_end(stays: float, left: set[str]) -> None:
    with Loop() as loop:
        clients = Inside(loop, stays)
        serve(clients, loop, 0.1)  # type: ignore[arg-type]
    assert clients.told == ["open", "shut", "break_off"]
    assert clients.sessions == left
