"""WebSockets under asyncio: messages, each way to end a connection, and many clients."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

pytest.importorskip("wsproto", reason="wsproto is not installed")

import pync
from pync import aio

from .conftest import PATIENCE, Run

#: More bytes than the buffers of two sockets hold.
MUCH = 12 << 20


async def echo(conn: aio.WebSocketConn) -> None:
    while (message := await conn.recv_message()) is not None:
        await conn.send_message(message)


async def dialled(listener: aio.Listener, **words: object) -> aio.WebSocketConn:
    at = str(listener.address)
    conn = await aio.dial(at, aio.WebSocketConn, timeout=PATIENCE, **words)  # type: ignore[call-overload]
    assert isinstance(conn, aio.WebSocketConn)
    conn.timeout = PATIENCE
    return conn


async def joined(listener: aio.Listener) -> tuple[aio.WebSocketConn, aio.WebSocketConn]:
    """A client and the server's side of it."""
    conn, server = await asyncio.gather(dialled(listener), listener.accept(PATIENCE))
    assert isinstance(server, aio.WebSocketConn)
    return conn, server


def test_message_types_and_boundaries_are_kept(run: Run) -> None:
    async def serve() -> None:
        async with await aio.listen("ws://127.0.0.1:0/echo") as listener:
            assert str(listener.address).endswith("/echo")
            serving = asyncio.create_task(listener.serve(echo))
            async with await dialled(listener) as first, await dialled(listener) as second:
                for message in ("text", b"binary", "", b"", "ü" * 1000):
                    for conn in (first, second):
                        await conn.send_message(message)
                    for conn in (first, second):
                        assert await conn.recv_message() == message
                assert first.agreed.target == "/echo"
                assert first.peer.scheme == "ws"
                await first.ping()
                await first.send_all(b"as a stream")
                assert await first.recv() == b"as a stream"
                await first.send_eof()
                assert await first.recv_message() is None
            listener.close()
            await serving

    run(serve())


def test_message_larger_than_the_socket_buffers(run: Run) -> None:
    async def serve() -> None:
        async with await aio.listen("ws://127.0.0.1:0") as listener:
            conn, server = await joined(listener)
            async with conn, server:
                sending = asyncio.create_task(conn.send_message(bytes(MUCH)))
                assert await server.recv_message(PATIENCE) == bytes(MUCH)
                await sending

    run(serve())


def test_no_send_after_a_cancelled_message(run: Run) -> None:
    async def serve() -> None:
        async with await aio.listen("ws://127.0.0.1:0") as listener:
            conn, server = await joined(listener)
            async with conn, server:
                with pytest.raises(TimeoutError):
                    await conn.send_message(bytes(MUCH), timeout=0.05)
                with pytest.raises(OSError, match="an earlier send was cut off"):
                    await conn.send_message("more")

    run(serve())


def test_cancelled_receive_loses_no_message(run: Run) -> None:
    async def serve() -> None:
        async with await aio.listen("ws://127.0.0.1:0") as listener:
            conn, server = await joined(listener)
            async with conn, server:
                with pytest.raises(TimeoutError):
                    await conn.recv_message(timeout=0.02)
                waiting = asyncio.create_task(conn.recv_message())
                with pytest.raises(asyncio.TimeoutError):
                    await asyncio.wait_for(waiting, 0.02)
                await server.send_message("whole")
                assert await conn.recv_message() == "whole"

    run(serve())


def test_tls_and_login(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("cryptography", reason="cryptography is not installed")
    from pync.transports.tls.certificate import self_made

    own = tmp_path / "own.pem"
    own.write_bytes(self_made())

    async def serve() -> None:
        where = "wss://me:secret@localhost:0/chat"
        async with await aio.listen(where, certificate=str(own)) as listener:
            assert "secret" not in str(listener.address)
            serving = asyncio.create_task(listener.serve(echo))
            port = listener.address.port
            good = f"wss://me:secret@localhost:{port}/chat"
            dialling = aio.dial(good, aio.WebSocketConn, trusted=str(own), timeout=PATIENCE)
            async with await dialling as conn:
                await conn.send_message("hello")
                assert await conn.recv_message(PATIENCE) == "hello"
            for wrong in ("wss://me:public@localhost:{}/chat", "wss://me:secret@localhost:{}/"):
                with pytest.raises(pync.WebSocketError):
                    await aio.dial(wrong.format(port), trusted=str(own), timeout=PATIENCE)
            listener.close()
            await serving

    run(serve())


def test_client_without_websocket_fails_accept_and_is_skipped_by_serve(
    run: Run,
) -> None:
    async def serve() -> None:
        async with await aio.listen("ws://127.0.0.1:0") as listener:
            plain = f"127.0.0.1:{listener.address.port}"
            async with await aio.dial(plain) as wrong:
                await wrong.send_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                with pytest.raises(pync.WebSocketError, match="accept ws://"):
                    await listener.accept(PATIENCE)
                assert (await wrong.recv_line(timeout=PATIENCE)).startswith(b"HTTP/1.1 426 ")
            serving = asyncio.create_task(listener.serve(echo))
            async with await aio.dial(plain) as wrong, await aio.dial(plain):
                await wrong.send_all(b"SSH-2.0-x\r\n")
                async with await dialled(listener) as conn:
                    await conn.send_message("served")
                    assert await conn.recv_message() == "served"
            listener.close()
            await serving

    run(serve())


def test_close_drops_waiting_clients(run: Run) -> None:
    async def serve() -> None:
        listener = await aio.listen("ws://127.0.0.1:0")
        conn, server = await joined(listener)
        async with conn, await aio.dial(f"127.0.0.1:{listener.address.port}") as silent:
            # One client has completed its handshake and waits; the other is still in its handshake.
            waits = await dialled(listener)
            server.close()
            listener.close()
            assert await silent.recv(timeout=PATIENCE) == b""
            assert await waits.recv_message() is None
            waits.drop()

    run(serve())
