"""Relaying under asyncio: data, EOF and failures."""

from __future__ import annotations

import asyncio
import socket

import pytest

import pync
from pync import aio
from pync.core.address import Address
from pync.transports.conn import Conn as BlockingConn

from ...systems import UNDER_WINE
from .conftest import Run
from .test_conn import ends


def test_both_directions_and_eof(run: Run) -> None:
    async def relay() -> None:
        near, a = ends()
        far, b = ends()
        async with near, a, far, b:
            relaying = asyncio.create_task(aio.relay(a, b))
            question, answer = bytes(3 << 20), b"the answer"
            asking = asyncio.create_task(near.send_all(question))
            assert await far.recv_exactly(len(question)) == question
            await asking
            await near.send_eof()
            assert await far.recv() == b""
            assert not relaying.done()
            await far.send_all(answer)
            await far.send_eof()
            assert await near.recv_all() == answer
            assert await relaying == (len(question), len(answer))

    run(relay())


def test_idle_timeout(run: Run) -> None:
    async def relay() -> None:
        near, a = ends()
        far, b = ends()
        async with near, a, far, b:
            with pytest.raises(pync.IdleTimeoutError, match=r"idle for 0.05 s$"):
                await aio.relay(a, b, idle=0.05)
            # Both connections can still be used.
            await near.send_line(b"go on")
            assert await a.recv_line() == b"go on\n"

    run(relay())


@pytest.mark.skipif(UNDER_WINE, reason="Wine passes no RST on")
def test_error_names_the_broken_connection(run: Run) -> None:
    async def relay() -> None:
        async with await aio.listen("127.0.0.1:0") as listener:
            near, a = ends()
            far = await aio.dial(str(listener.address), aio.StreamConn)
            async with near, a, await listener.accept() as b:
                below = far.below
                assert isinstance(below, pync.TcpConn)
                below.abort()
                with pytest.raises(ConnectionResetError) as broken:
                    await aio.relay(a, b)
                assert isinstance(broken.value, pync.RelayError)
                assert str(broken.value) == f"relay {b.peer}: connection reset by peer"

    run(relay())


@pytest.mark.skipif(UNDER_WINE, reason="Wine passes no RST on")
def test_error_names_the_broken_sink(run: Run) -> None:
    async def relay() -> None:
        near, a = ends()
        far, b = ends()
        async with near, a, b:
            await far.send_eof()
            far.close()
            await near.send_all(b"x" * 100)
            with pytest.raises(pync.RelayError, match=r"^relay memory:left: "):
                await aio.relay(a, b)

    run(relay())


def test_connection_without_half_close_stays_open(run: Run) -> None:
    async def relay() -> None:
        near, a = ends()
        one, other = socket.socketpair()
        whole = aio.Conn(BlockingConn(one, Address("pipe"), Address("pipe")))
        with other:
            async with near, a, whole:
                relaying = asyncio.create_task(aio.relay(a, whole))
                await near.send_all(b"question")
                await near.send_eof()
                loop = asyncio.get_running_loop()
                other.setblocking(False)
                assert await loop.sock_recv(other, 100) == b"question"
                await loop.sock_sendall(other, b"answer")
                other.shutdown(socket.SHUT_WR)
                assert await near.recv_all() == b"answer"
                assert await relaying == (8, 6)

    run(relay())
