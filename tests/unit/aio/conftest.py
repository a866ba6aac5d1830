"""What the tests of pync.aio share: a loop of its own for each test, and a bound of time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

#: Seconds after which something that must happen has not happened.
PATIENCE = 20.0

Run = Callable[[Coroutine[Any, Any, None]], None]


async def turn() -> None:
    """Let the other tasks go on until they wait."""
    loop = asyncio.get_running_loop()
    gone_on = loop.create_future()
    loop.call_soon(gone_on.set_result, None)
    await gone_on


@pytest.fixture
def run() -> Run:
    """Run a coroutine to its end; it fails if a task is left behind."""

    async def bounded(coroutine: Coroutine[Any, Any, None]) -> None:
        await asyncio.wait_for(coroutine, PATIENCE)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert left == set()

    return lambda coroutine: asyncio.run(bounded(coroutine))
