"""Dialling under asyncio: names with several addresses, refusals, time-outs, TLS, cancellation."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

import pync
from pync import aio
from pync.aio.dialling import in_thread
from pync.transports.internet import Endpoint

from .conftest import PATIENCE, Run, turn


def test_dial_by_name_and_class(run: Run) -> None:
    async def dial() -> None:
        async with await aio.listen("localhost:0") as listener:
            port = listener.address.port
            async with await aio.dial(f"localhost:{port}", aio.StreamConn) as conn:
                accepted = await listener.accept(PATIENCE)
                assert accepted.peer.port == conn.local.port
                accepted.close()
            with pytest.raises(ValueError, match="makes a StreamConn, not a DatagramConn"):
                await aio.dial(f"localhost:{port}", aio.DatagramConn)

    run(dial())


def test_refused_error_names_the_address(run: Run, closed_port: int) -> None:
    async def dial() -> None:
        with pytest.raises(ConnectionRefusedError) as refused:
            await aio.dial(f"127.0.0.1:{closed_port}")
        assert str(refused.value) == f"dial tcp://127.0.0.1:{closed_port}: connection refused"
        with pytest.raises(pync.UsageError):
            await aio.dial("nonsense")
        with pytest.raises(pync.UnresolvedError):
            await aio.dial("host.invalid:80", timeout=PATIENCE)

    run(dial())


def test_timeout(run: Run, silent: Endpoint) -> None:
    async def dial() -> None:
        with pytest.raises(TimeoutError):
            await aio.dial(f"[::1]:{silent.name[1]}", timeout=0.05)

    run(dial())


def test_cancelled_dial_leaves_no_socket_open(run: Run, silent: Endpoint) -> None:
    async def dial() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(aio.dial(f"[::1]:{silent.name[1]}"), 0.05)

    run(dial())


def test_tls_certificate_is_verified(run: Run, tmp_path: Path) -> None:
    certificates = pytest.importorskip(
        "pync.transports.tls.certificate", reason="cryptography is not installed"
    )
    pytest.importorskip("cryptography", reason="cryptography is not installed")
    trusted = tmp_path / "certificate.pem"
    trusted.write_bytes(certificates.self_made())

    async def dial() -> None:
        async with await aio.listen("tls://localhost:0", certificate=str(trusted)) as listener:
            at = f"tls://localhost:{listener.address.port}"
            serving = asyncio.create_task(listener.serve(lambda conn: conn.send_line(b"hello")))
            async with await aio.dial(at, trusted=str(trusted)) as conn:
                assert await conn.recv_line() == b"hello\n"
                below: Any = conn.below
                assert below.codec.version == "TLSv1.3"
            with pytest.raises(pync.TlsError, match="certificate verify failed"):
                await aio.dial(at)
            listener.close()
            await serving

    run(dial())


def test_tls_handshake_timeout(run: Run, server: socket.socket) -> None:
    async def dial() -> None:
        with pytest.raises(pync.TlsError, match="timed out") as late:
            await aio.dial(f"tls://127.0.0.1:{server.getsockname()[1]}", timeout=0.1)
        assert str(late.value).startswith("dial tls://127.0.0.1:")
        at = f"tls://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(aio.dial(at, verify=False), 0.1)

    run(dial())


def test_result_of_a_cancelled_thread_call_is_closed(run: Run) -> None:
    class Made:
        closed = False

        def close(self) -> None:
            self.closed = True

    async def make() -> None:
        made, begun, go_on = Made(), asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()

        async def wait() -> Any:
            loop.call_soon_threadsafe(begun.set)
            await go_on.wait()
            return made

        def slowly() -> Any:
            return asyncio.run_coroutine_threadsafe(wait(), loop).result()

        making = asyncio.create_task(in_thread(slowly))
        await begun.wait()
        making.cancel()
        with pytest.raises(asyncio.CancelledError):
            await making
        go_on.set()
        while not made.closed:
            await turn()

    run(make())


def test_websocket() -> None:
    pytest.importorskip("wsproto", reason="wsproto is not installed")

    async def talk(address: str) -> bytes:
        async with await aio.dial(address, timeout=10) as conn:
            await conn.send_all(b"question")
            return bytes(await conn.recv())

    with pync.listen("ws://127.0.0.1:0") as listener:
        echo = threading.Thread(target=_echo_once, args=(listener,))
        echo.start()
        assert asyncio.run(talk(f"ws://127.0.0.1:{listener.address.port}")) == b"question"
        echo.join()


def _echo_once(listener: Any) -> None:
    with listener.accept(10) as conn:
        conn.send_all(conn.recv())
        assert conn.recv() == b""
