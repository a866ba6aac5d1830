"""aio.listen and aio.serve: addresses as text."""

from __future__ import annotations

import asyncio

import pytest

import pync
from conformance.targets.ports import reserved_port
from pync import aio

from .conftest import PATIENCE, Run, turn
from .test_listening import echo


def test_serve_listens_on_the_address_until_cancelled(run: Run, closed_port: int) -> None:
    async def serve(port: int) -> None:
        with pytest.raises(pync.ListenError, match="address already in use"):
            await aio.serve(echo, f"127.0.0.1:{closed_port}")
        serving = asyncio.create_task(aio.serve(echo, str(port), max_clients=2))
        while True:
            try:
                conn = await aio.dial(f"127.0.0.1:{port}", timeout=PATIENCE)
                break
            except ConnectionRefusedError:
                assert not serving.done()
                await turn()
        async with conn:
            await conn.send_line(b"hello")
            assert await conn.recv_line() == b"hello\n"
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        with pytest.raises(ConnectionRefusedError):
            await aio.dial(f"127.0.0.1:{port}")

    with reserved_port() as free:
        run(serve(free))


def test_invalid_address(run: Run) -> None:
    async def listen() -> None:
        for address in ("99999", "http://h:80", ""):
            with pytest.raises(pync.UsageError):
                await aio.listen(address)

    run(listen())
