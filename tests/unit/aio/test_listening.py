"""Listeners under asyncio: accept, iteration, serve, and their end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import pync
from pync import aio

from .conftest import PATIENCE, Run, turn


async def echo(conn: aio.StreamConn) -> None:
    async for line in conn:
        await conn.send_all(line)


async def dialled(listener: aio.Listener) -> aio.StreamConn:
    conn = await aio.dial(str(listener.address), aio.StreamConn, timeout=PATIENCE)
    conn.timeout = PATIENCE
    return conn


@pytest.mark.parametrize("scheme", ["tcp", "udp"])
def test_close_interrupts_accept_and_iteration(run: Run, scheme: str) -> None:
    async def accept() -> None:
        listener = await aio.listen(f"{scheme}://127.0.0.1:0")
        with pytest.raises(TimeoutError) as late:
            await listener.accept(0.01)
        assert isinstance(late.value, pync.ListenError)

        async def iterated() -> list[Any]:
            return [conn async for conn in listener]

        accepting = asyncio.create_task(listener.accept())
        iterating = asyncio.create_task(iterated())
        await turn()
        listener.close()
        listener.close()
        with pytest.raises(pync.ListenError, match="the listener was closed"):
            await accepting
        assert await iterating == []
        assert listener.closed
        assert repr(listener) == f"<aio.Listener {listener.address}>"

    run(accept())


def test_clients_are_served_concurrently_until_they_end(run: Run) -> None:
    async def serve() -> None:
        async with await aio.listen("127.0.0.1:0") as listener:
            serving = asyncio.create_task(listener.serve(echo))
            async with await dialled(listener) as one, await dialled(listener) as two:
                for conn in (one, two, one):
                    await conn.send_line(b"hello")
                    assert await conn.recv_line() == b"hello\n"
                listener.close()
                await two.send_line(b"still here")
                assert await two.recv_line() == b"still here\n"
            await serving

    run(serve())


def test_max_clients(run: Run) -> None:
    async def serve() -> None:
        async with await aio.listen("127.0.0.1:0") as listener:
            serving = asyncio.create_task(listener.serve(echo, max_clients=1))
            async with await dialled(listener) as one, await dialled(listener) as two:
                await two.send_line(b"2")
                with pytest.raises(TimeoutError):
                    await two.recv_line(timeout=0.05)
                await one.send_eof()
                assert await one.recv_line() == b""
                assert await two.recv_line() == b"2\n"
                listener.close()
            await serving
            with pytest.raises(ValueError, match="not 0"):
                await listener.serve(echo, max_clients=0)

    run(serve())


def test_cancelling_serve_closes_its_clients(run: Run) -> None:
    async def serve() -> None:
        listener = await aio.listen("127.0.0.1:0")
        serving = asyncio.create_task(aio.serve(echo, listener))
        async with await dialled(listener) as conn:
            await conn.send_line(b"here")
            assert await conn.recv_line() == b"here\n"
            serving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await serving
            assert await conn.recv() == b""
        assert listener.closed

    run(serve())


def test_client_whose_task_is_cancelled_before_it_begins_is_closed(run: Run) -> None:
    async def serve() -> None:
        before = asyncio.all_tasks()

        def cancel_others() -> None:
            for task in asyncio.all_tasks() - before:
                task.cancel()

        async with await aio.listen("127.0.0.1:0") as listener:
            async with await dialled(listener) as client:
                serving = asyncio.create_task(listener.serve(echo))
                # This runs after serve() has accepted, and before the client's task begins.
                asyncio.get_running_loop().call_soon(cancel_others)
                assert await client.recv(timeout=PATIENCE) == b""
                with pytest.raises(asyncio.CancelledError):
                    await serving

    run(serve())


def test_exception_in_handler_goes_to_the_exception_handler(run: Run) -> None:
    async def serve() -> None:
        told: list[str] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: told.append(repr(context["exception"])))

        async def handler(conn: aio.StreamConn) -> None:
            raise RuntimeError((await conn.recv_line()).strip())

        async with await aio.listen("127.0.0.1:0") as listener:
            serving = asyncio.create_task(listener.serve(handler))
            for word in (b"one", b"two"):
                async with await dialled(listener) as conn:
                    await conn.send_line(word)
                    assert await conn.recv() == b""
            listener.close()
            await serving
        assert told == ["RuntimeError(b'one')", "RuntimeError(b'two')"]

    run(serve())


def test_serve_continues_when_accept_runs_out_of_descriptors(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def serve() -> None:
        async with await aio.listen("127.0.0.1:0") as listener:
            take, failures = listener.take, [pync.ListenError("accept", "h", "too many")] * 2

            async def sometimes(deadline: Any) -> Any:
                if failures and serving_one:
                    raise failures.pop()
                return await take(deadline)

            serving_one: list[int] = []
            monkeypatch.setattr(listener, "take", sometimes)
            serving = asyncio.create_task(listener.serve(echo))
            async with await dialled(listener) as one:
                await one.send_line(b"1")
                assert await one.recv_line() == b"1\n"
                serving_one.append(1)
                for name in (b"2", b"3"):
                    async with await dialled(listener) as conn:
                        await conn.send_line(name)
                        assert await conn.recv_line() == name + b"\n"
                assert failures == []
            listener.close()
            await serving
            failures.append(pync.ListenError("accept", "h", "too many"))

    run(serve())


def test_datagram_listener_accepts_one_client(run: Run) -> None:
    async def serve() -> None:
        async with await aio.listen("udp://127.0.0.1:0") as listener:
            serving = asyncio.create_task(listener.serve(lambda conn: conn.send_all(b"hello")))
            async with await aio.dial(str(listener.address)) as conn:
                await conn.send_all(b"x")
                assert await conn.recv(timeout=PATIENCE) == b"hello"
            await serving

    run(serve())


def test_handlers_run_while_more_clients_are_accepted(run: Run) -> None:
    async def serve() -> None:
        served: list[int] = []
        async with await aio.listen("127.0.0.1:0") as listener:

            async def handler(conn: aio.StreamConn) -> None:
                served.append(conn.peer.port)
                if len(served) == 1:
                    listener.close()

            clients = [await dialled(listener) for _ in range(60)]
            await listener.serve(handler)
            assert 1 <= len(served) < 60
            for conn in clients:
                conn.close()

    run(serve())
