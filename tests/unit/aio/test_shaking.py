"""TLS listeners under asyncio: handshakes side by side."""

from __future__ import annotations

import asyncio
import socket

import pytest

import pync
from pync import aio
from pync.aio import shaking

from .conftest import PATIENCE, Run, turn
from .test_listening import echo

pytest.importorskip("cryptography", reason="cryptography is not installed")


async def talks(at: str) -> None:
    async with await aio.dial(at, verify=False, timeout=PATIENCE) as conn:
        await conn.send_line(b"hello")
        assert await conn.recv_line(timeout=PATIENCE) == b"hello\n"


def test_one_that_says_nothing_delays_nobody(run: Run) -> None:
    async def serve() -> None:
        async with await aio.listen("tls://127.0.0.1:0") as listener:
            serving = asyncio.create_task(listener.serve(echo))
            with socket.create_connection(("127.0.0.1", listener.address.port)):
                await talks(str(listener.address))
            listener.close()
            await serving

    run(serve())


def test_one_that_does_not_speak_tls_is_told_by_accept_and_passed_over_by_serve(run: Run) -> None:
    async def serve() -> None:
        async with await aio.listen("tls://127.0.0.1:0") as listener:
            plain = await aio.dial(f"127.0.0.1:{listener.address.port}")
            async with plain:
                await plain.send_line(b"GET / HTTP/1.0\r\n\r")
                with pytest.raises(pync.TlsError, match=r"^accept tls://127"):
                    await listener.accept(PATIENCE)
                serving = asyncio.create_task(listener.serve(echo))
                async with await aio.dial(f"127.0.0.1:{listener.address.port}") as another:
                    await another.send_line(b"HELO")
                    await talks(str(listener.address))
            listener.close()
            await serving

    run(serve())


def test_the_oldest_makes_room(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def serve() -> None:
        monkeypatch.setattr(shaking, "AT_ONCE", 1)
        async with await aio.listen("tls://127.0.0.1:0") as listener:
            serving = asyncio.create_task(listener.serve(echo))
            async with await aio.dial(f"127.0.0.1:{listener.address.port}") as silent:
                await talks(str(listener.address))
                assert await silent.recv(timeout=PATIENCE) == b""
            listener.close()
            await serving

    run(serve())


def test_close_lets_go_of_those_who_wait(run: Run) -> None:
    async def serve() -> None:
        listener = await aio.listen("tls://127.0.0.1:0")
        with pytest.raises(TimeoutError):
            await listener.accept(0.01)
        at = str(listener.address)
        # One is secured and waits, one shakes hands.
        async with await aio.dial(at, verify=False) as secured:
            async with await aio.dial(f"127.0.0.1:{listener.address.port}") as silent:
                accepting = asyncio.create_task(listener.accept())
                (await accepting).close()
                accepting = asyncio.create_task(listener.accept())
                await turn()
                listener.close()
                listener.close()
                with pytest.raises(pync.ListenError, match="closed"):
                    await accepting
                assert await silent.recv(timeout=PATIENCE) == b""
                assert await secured.recv(timeout=PATIENCE) == b""

    run(serve())
