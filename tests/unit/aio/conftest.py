"""Fixtures for the tests of pync.aio: a new loop for each test, and a time limit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

#: Seconds that an expected event may take.
PATIENCE = 20.0

Run = Callable[[Coroutine[Any, Any, None]], None]


async def turn() -> None:
    """Let the other tasks run until they wait."""
    loop = asyncio.get_running_loop()
    gone_on = loop.create_future()
    loop.call_soon(gone_on.set_result, None)
    await gone_on


@pytest.fixture
def run() -> Run:
    """Run a coroutine to its end; fail if a task is left behind."""

    async def bounded(coroutine: Coroutine[Any, Any, None]) -> None:
        await asyncio.wait_for(coroutine, PATIENCE)
        # Tasks that were cancelled last end in the next turns of the loop. (wait_for() of Python
        # 3.12 does not give them any.)
        for _ in range(3):
            await turn()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert left == set()

    return lambda coroutine: asyncio.run(bounded(coroutine))
