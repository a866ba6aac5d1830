"""Waiting under asyncio: readiness, time-outs and closed descriptors."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from pync.aio.selecting import SelectThread
from pync.aio.waits import Waits, watcher_of
from pync.core.deadline import Deadline

from .conftest import PATIENCE, Run, turn


def test_wait_ends_when_one_descriptor_is_ready(run: Run) -> None:
    async def wait() -> None:
        left, right = socket.socketpair()
        with left, right:
            right.send(b"x")
            waits = Waits()
            await waits.readable((left.fileno(), right.fileno()), Deadline(PATIENCE))
            await waits.writable(left.fileno(), Deadline(None))
            with pytest.raises(TimeoutError):
                await waits.readable((right.fileno(),), Deadline(0.01))

    run(wait())


def test_end_cancels_only_its_own_waits(run: Run) -> None:
    async def wait() -> None:
        left, right = socket.socketpair()
        waits, others = Waits(), Waits()
        waiting = asyncio.create_task(waits.readable((left.fileno(),), Deadline(None)))
        await turn()
        waits.end()
        left.close()
        # The descriptor number is now used for another file.
        again, end = socket.socketpair()
        number = again.fileno()
        hearing = asyncio.create_task(others.readable((number,), Deadline(PATIENCE)))
        await turn()
        with pytest.raises(OSError, match=r"."):
            await waiting
        end.send(b"x")
        await hearing
        for sock in (right, again, end):
            sock.close()

    run(wait())


def test_closed_descriptor_is_not_waited_for(run: Run) -> None:
    run(Waits().readable((-1,), Deadline(None)))


def test_proactor_loop_gets_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    class Proactor:
        call_soon_threadsafe: Any = None

    monkeypatch.setattr(asyncio, "ProactorEventLoop", Proactor, raising=False)
    loop: Any = Proactor()
    watcher = watcher_of(loop)
    assert isinstance(watcher, SelectThread)
    assert watcher_of(loop) is watcher
    other: Any = object()
    assert watcher_of(other) is other
