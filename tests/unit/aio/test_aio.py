"""The checks of pync.testing over asyncio's connections, on every kind of transport."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pync import aio, testing

ADDRESSES = ["tcp://127.0.0.1:0", "tls://localhost:0", "unix:{folder}/s"]


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop that runs in a thread."""
    loop = asyncio.new_event_loop()
    running = threading.Thread(target=loop.run_forever)
    running.start()
    yield loop
    asyncio.run_coroutine_threadsafe(loop.shutdown_default_executor(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    running.join()
    loop.close()


@pytest.mark.parametrize("address", ADDRESSES)
def test_streams_pass_the_half_close_checks(
    address: str,
    loop: asyncio.AbstractEventLoop,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    if address.startswith("unix") and sys.platform == "win32":
        pytest.skip("only on Linux and macOS: Unix sockets")
    if address.startswith("tls"):
        pytest.importorskip("cryptography", reason="cryptography is not installed")
    folder: Path = tmp_path_factory.mktemp("s")

    def now(coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(20)

    listener = now(aio.listen(address.format(folder=folder)))

    async def connected() -> tuple[aio.StreamConn, aio.StreamConn]:
        accepting = asyncio.ensure_future(listener.accept(20))
        where = str(listener.address).replace("127.0.0.1", "localhost")
        client = await aio.dial(where, aio.StreamConn, timeout=20, verify=False)
        return client, await accepting

    def connect() -> tuple[testing.of_async, ...]:
        return tuple(testing.of_async(end, loop) for end in now(connected()))

    testing.check_half_closeable(connect)

    async def close() -> None:
        listener.close()

    now(close())


def test_public_names_have_docstrings() -> None:
    for name in aio.__all__:
        assert getattr(aio, name).__doc__
