"""The end of a relay with many clients: at once, or when open connections have ended."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import pytest

from pync.core.errors import UsageError
from pync.core.events import Event, silent
from pync.core.server_events import Counted, Failed, Reloaded
from pync.engine.loop import Loop
from pync.programs.relay.serving import serve

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


class Inside:
    """A stand-in for the clients: one is connected, and it leaves after ``seconds``."""

    def __init__(self, loop: Loop, seconds: float, *numbers: signal.Signals) -> None:
        self.sessions: set[object] = {"one"}
        self.told: list[str] = []
        loop.call_later(seconds, self.sessions.clear)
        for number in numbers:
            loop.call_later(0, lambda number=number: os.kill(os.getpid(), number))  # type: ignore[misc]

    def __getattr__(self, name: str) -> Any:
        return lambda: self.told.append(name)


@pytest.mark.parametrize(("stays", "left"), [(0.02, set()), (10, {"one"})])
def test_drain_accepts_no_new_clients_and_lets_sessions_end(stays: float, left: set[str]) -> None:
    with Loop() as loop:
        clients = Inside(loop, stays, signal.SIGTERM)
        serve(clients, loop, silent, 0.1, None)
    assert clients.told == ["open", "last_call", "break_off"]
    assert clients.sessions == left


def test_reload_failure_is_reported() -> None:
    events: list[Event] = []
    answers: list[Exception | None] = [None, UsageError("no such file")]

    def reload() -> None:
        answer = answers.pop(0)
        if answer is not None:
            raise answer

    def report(event: Event) -> None:
        events.append(event)
        os.kill(os.getpid(), signal.SIGHUP if answers else signal.SIGTERM)

    with Loop() as loop:
        clients = Inside(loop, 0.05, signal.SIGHUP)
        serve(clients, loop, report, 0.1, reload)
    assert [type(event) for event in events] == [Reloaded, Failed]


def test_list_without_clients() -> None:
    events: list[Event] = []
    with Loop() as loop:
        clients = Inside(loop, 0, signal.SIGUSR1, signal.SIGTERM)
        clients.sessions.clear()
        serve(clients, loop, events.append, 0.1, None)
    assert events == [Counted(0)]
