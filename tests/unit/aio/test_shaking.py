"""TLS listeners under asyncio: concurrent handshakes."""

from __future__ import annotations

import asyncio
import re
import socket
import sys
from pathlib import Path

import pytest

import pync
from pync import aio
from pync.aio import shaking

from ...peer import mailbox
from .conftest import PATIENCE, Run, turn
from .test_listening import echo

pytest.importorskip("cryptography", reason="cryptography is not installed")


async def talks(at: str) -> None:
    async with await aio.dial(at, verify=False, timeout=PATIENCE) as conn:
        await conn.send_line(b"hello")
        assert await conn.recv_line(timeout=PATIENCE) == b"hello\n"


def test_silent_client_does_not_delay_others(run: Run) -> None:
    async def serve() -> None:
        async with await aio.listen("tls://127.0.0.1:0") as listener:
            serving = asyncio.create_task(listener.serve(echo))
            with socket.create_connection(("127.0.0.1", listener.address.port)):
                await talks(str(listener.address))
            listener.close()
            await serving

    run(serve())


def test_plain_text_client_fails_accept_and_is_skipped_by_serve(run: Run) -> None:
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


def test_dtls(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("OpenSSL", reason="pyOpenSSL is not installed")
    if sys.platform == "win32":
        pytest.skip("-k with DTLS is not for Windows")
    from pync.transports.tls.certificate import self_made

    own = tmp_path / "own.pem"
    own.write_bytes(self_made())

    async def answer(conn: aio.DatagramConn) -> None:
        async for data in conn:
            await conn.send_all(data[::-1])

    async def serve() -> None:
        async with await aio.listen("dtls://127.0.0.1:0", certificate=str(own)) as listener:
            assert str(listener.address).startswith("dtls://")
            serving = asyncio.create_task(listener.serve(answer))
            at = f"dtls://localhost:{listener.address.port}"
            words = {"trusted": str(own), "timeout": PATIENCE}
            with mailbox() as plain:
                plain.says(b"not by DTLS", ("127.0.0.1", listener.address.port))
                conns = [await aio.dial(at, aio.DatagramConn, **words) for _ in range(3)]  # type: ignore[call-overload]
                for number, conn in enumerate(conns):
                    await conn.send_all(b"to %d" % number)
                for number, conn in enumerate(conns):
                    assert await conn.recv(timeout=PATIENCE) == (b"to %d" % number)[::-1]
                    assert (await _last_match(conn)).group() == b"olleh"
                    await conn.aclose()
            with pytest.raises(pync.TlsError, match="certificate verify failed"):
                await aio.dial(at, timeout=PATIENCE)
            listener.close()
            await serving

    run(serve())


async def _last_match(conn: aio.DatagramConn) -> re.Match[bytes]:
    await conn.send_all(b"first")
    await conn.send_all(b"hello")
    return await conn.expect(b"olleh", timeout=PATIENCE)


def test_dtls_close_ends_iteration(run: Run) -> None:
    pytest.importorskip("OpenSSL", reason="pyOpenSSL is not installed")
    if sys.platform == "win32":
        pytest.skip("-k with DTLS is not for Windows")

    async def serve() -> None:
        async with await aio.listen("dtls://127.0.0.1:0") as listener:
            at = f"dtls://127.0.0.1:{listener.address.port}"
            accepting = asyncio.create_task(listener.accept(PATIENCE))
            async with await aio.dial(at, verify=False, timeout=PATIENCE) as conn:
                async with await accepting as server:
                    await server.send_all(b"last")
                assert [data async for data in conn] == [b"last"]
                with pytest.raises(pync.IncompleteError):
                    await conn.expect(b"more", timeout=PATIENCE)

    run(serve())


def test_silent_dtls_server(run: Run) -> None:
    pytest.importorskip("OpenSSL", reason="pyOpenSSL is not installed")

    async def dial() -> None:
        with mailbox() as silent, pytest.raises(pync.TlsError, match="the handshake timed out"):
            await aio.dial(f"dtls://127.0.0.1:{silent.port}", verify=False, timeout=0.1)

    run(dial())


def test_oldest_handshake_is_dropped_at_the_limit(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_handshake_that_is_dropped_before_it_begins(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def serve() -> None:
        monkeypatch.setattr(shaking, "AT_ONCE", 1)
        async with await aio.listen("tls://127.0.0.1:0") as listener:
            at = ("127.0.0.1", listener.address.port)
            # Both are accepted before another task runs.
            with socket.create_connection(at) as first, socket.create_connection(at) as second:
                with pytest.raises(pync.TlsError, match="too many handshakes at once"):
                    await listener.accept(PATIENCE)
                first.settimeout(PATIENCE)
                assert first.recv(1) == b""
                second.setblocking(False)
                with pytest.raises(BlockingIOError):
                    second.recv(1)

    run(serve())


def test_close_drops_waiting_clients(run: Run) -> None:
    async def serve() -> None:
        listener = await aio.listen("tls://127.0.0.1:0")
        with pytest.raises(TimeoutError):
            await listener.accept(0.01)
        at = str(listener.address)
        # One client has completed its handshake and waits; the other is still in its handshake.
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
