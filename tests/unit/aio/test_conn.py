"""A connection under asyncio: reading, time-outs, cancellation, several tasks."""

from __future__ import annotations

import asyncio
import socket
import sys

import pytest

import pync
from pync import aio
from pync.aio.conn import ByteConn
from pync.aio.wrapping import wrapped
from pync.core.address import Address
from pync.transports.conn import Conn as BlockingConn
from pync.transports.layered import LayeredConn
from pync.transports.memory import pair

from ..transports.test_layered import SwapCase, fill_buffers
from .conftest import PATIENCE, Run, turn


def ends() -> tuple[aio.StreamConn, aio.StreamConn]:
    left, right = pair()
    return aio.StreamConn(left), aio.StreamConn(right)


def test_all_read_methods_share_one_buffer(run: Run) -> None:
    async def talk() -> None:
        left, right = ends()
        async with left, right:
            await left.send_all(b"HELO\r\nab{12}rest of it\nlast\nend")
            assert await right.recv_until(b"\r\n") == b"HELO\r\n"
            assert await right.recv_exactly(2) == b"ab"
            assert (await right.expect(rb"\{(\d+)\}")).group(1) == b"12"
            assert await right.recv(4) == b"rest"
            assert await right.recv_line() == b" of it\n"
            await left.send_eof()
            assert [line async for line in right] == [b"last\n", b"end"]
            assert [await right.recv_line(), await right.recv()] == [b"", b""]
            with pytest.raises(pync.IncompleteError, match="nothing had come"):
                await right.recv_until(b"\n")
            await right.send_line(b"answer", b"\r\n")
            await right.send_eof()
            assert await left.recv_all() == b"answer\r\n"

    run(talk())


def test_data_buffered_by_the_blocking_connection_is_kept(run: Run) -> None:
    async def talk() -> None:
        left, right = pair()
        left.send_all(b"one\ntwo\n")
        assert right.recv_line() == b"one\n"
        async with aio.StreamConn(left), aio.StreamConn(right) as conn:
            assert await conn.recv_line() == b"two\n"

    run(talk())


def test_timeouts(run: Run) -> None:
    async def talk() -> None:
        left, right = ends()
        async with left, right:
            await left.send_all(b"half")
            with pytest.raises(pync.ReadTimeoutError) as late:
                await right.recv_line(timeout=0.02)
            assert late.value.received == b"half"
            right.timeout = 0.02
            with pytest.raises(TimeoutError):
                await right.recv_until(b"\n")
            with pytest.raises(pync.LimitError):
                await right.recv_line(limit=3)
            assert await right.recv() == b"half"
            with pytest.raises(TimeoutError):
                await right.recv()
            left.timeout = 0.02
            with pytest.raises(TimeoutError):
                await left.send_all(bytes(16 << 20))
            with pytest.raises(OSError, match="an earlier send was cut off"):
                await left.send_line(b"more")

    run(talk())


def test_cancelled_read_loses_no_data(run: Run) -> None:
    async def talk() -> None:
        left, right = ends()
        async with left, right:
            for piece in (b"ha", b"lf ", b"a line"):
                await left.send_all(piece)
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(right.recv_line(), 0.02)
            await left.send_line(b"")
            assert await right.recv_line() == b"half a line\n"

    run(talk())


def test_no_send_after_a_cancelled_send(run: Run) -> None:
    async def talk() -> None:
        left, right = ends()
        async with left, right:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(left.send_all(bytes(16 << 20)), 0.02)
            for call in (left.send_all(b"more"), left.send_eof()):
                with pytest.raises(OSError, match="nobody knows how much was sent"):
                    await call
            await right.send_line(b"still heard")
            assert await left.recv_line() == b"still heard\n"

    run(talk())


def test_concurrent_sends_are_not_interleaved(run: Run) -> None:
    async def talk() -> None:
        left, right = ends()
        async with left, right:
            lines = [bytes([letter]) * 300_000 for letter in b"abc"]
            sending = [asyncio.create_task(left.send_line(line)) for line in lines]
            heard = [(await right.recv_line()).rstrip() for _ in lines]
            assert heard == lines
            await asyncio.gather(*sending)

    run(talk())


def test_concurrent_receives_raise_runtime_error(run: Run) -> None:
    async def talk() -> None:
        left, right = ends()
        async with left, right:
            first = asyncio.create_task(right.recv_line())
            await turn()
            for call in (right.recv(), right.recv_line()):
                with pytest.raises(RuntimeError, match="another task is receiving"):
                    await call
            await left.send_line(b"mine")
            assert await first == b"mine\n"

    run(talk())


@pytest.mark.parametrize("leave", ["close", "drop"])
def test_close_interrupts_reads_and_writes_of_other_tasks(run: Run, leave: str) -> None:
    async def talk() -> None:
        left, right = ends()
        waiting = [
            asyncio.create_task(left.recv_line()),
            asyncio.create_task(left.send_all(bytes(16 << 20))),
        ]
        await turn()
        getattr(left, leave)()
        for task in waiting:
            with pytest.raises(OSError, match=r"."):
                await task
        with pytest.raises(OSError, match=r"."):
            await left.recv()
        left.close()
        right.close()

    run(talk())


def test_exception_drops_the_connection(run: Run) -> None:
    async def talk() -> None:
        left, right = ends()
        with pytest.raises(ZeroDivisionError):
            async with left:
                raise ZeroDivisionError
        assert await right.recv() == b""
        right.close()

    run(talk())


def test_datagrams(run: Run) -> None:
    async def talk() -> None:
        async with await aio.listen("udp://127.0.0.1:0") as listener:
            client = await aio.dial(str(listener.address), aio.DatagramConn)
            async with client:
                for data in (b"first", b"answer 42", b"next"):
                    await client.send_all(data)
                async with await listener.accept(PATIENCE) as server:
                    assert await server.recv() == b"first"
                    match = await server.expect(rb"\d+", timeout=PATIENCE)
                    assert match.group() == b"42"
                    async for data in server:
                        assert data == b"next"
                        break
                    await server.send_all(b"back")
                    assert await client.recv() == b"back"
                    with pytest.raises(TimeoutError):
                        await server.recv(timeout=0.01)
            assert not hasattr(client, "send_eof")

    run(talk())


def test_repr_addresses_and_class(run: Run) -> None:
    async def look() -> None:
        left, right = ends()
        assert repr(left) == f"<aio.StreamConn of {left.below!r}>"
        assert (str(left.local), str(left.peer)) == ("memory:left", "memory:right")
        assert isinstance(left.below, pync.StreamConn)
        left.close()
        right.close()
        one, other = socket.socketpair()
        whole = wrapped(BlockingConn(one, Address("pipe"), Address("pipe")))
        assert type(whole) is ByteConn
        assert not hasattr(whole, "send_eof")
        whole.close()
        other.close()

    run(look())
    assert sys.version_info >= (3, 10)


@pytest.mark.parametrize("call", ["recv", "recv_exactly"])
def test_reading_available_data_yields_to_other_tasks(run: Run, call: str) -> None:
    async def talk() -> None:
        left, right = ends()
        async with left, right:
            turns = 0

            async def others() -> None:
                nonlocal turns
                while True:
                    turns += 1
                    await turn()

            running = asyncio.create_task(others())
            for _ in range(100):
                await left.send_all(b"x")
                assert await getattr(right, call)(1) == b"x"
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            assert 5 <= turns <= 50

    run(talk())


def test_close_notify_waits_for_a_slow_reader(run: Run) -> None:
    async def talk() -> None:
        below, peer = pair()
        size = fill_buffers(below)
        reading = aio.StreamConn(peer)
        async with reading:

            async def leave() -> None:
                async with aio.StreamConn(LayeredConn(below, SwapCase())):
                    pass

            leaving = asyncio.create_task(leave())
            await turn()
            assert await reading.recv_exactly(size) == b"z" * size
            assert await reading.recv_all() == b"."
            await leaving

    run(talk())
