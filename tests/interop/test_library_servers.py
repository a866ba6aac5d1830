"""The examples of the library guide, with real servers: Redis, nginx, Node."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import pync
from pync import aio

from ..peer import DEADLINE
from ..programs import Program, is_bound, needs, until
from .test_http_servers import PAGE, _nginx

GUIDE = (Path(__file__).parents[2] / "docs" / "library.md").read_text(encoding="utf-8")

#: A server that answers at the client's FIN with the number of bytes received.
COUNTS = """
require('net').createServer({allowHalfOpen: true}, socket => {
  let size = 0;
  socket.on('data', data => size += data.length);
  socket.on('end', () => socket.end(`${size}\\n`));
}).listen(Number(process.argv[1]), '127.0.0.1');
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pync-") as name:
        yield Path(name)


def example(word: str) -> str:
    """Return the example of the guide that contains this word."""
    (code,) = [
        code for code in re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL) if word in code
    ]
    return str(code)


def is_up(port: int, program: Program) -> None:
    until(lambda: is_bound(port), f"a listener on port {port}", program)


def test_redis(folder: Path, port: int) -> None:
    words = f"--bind 127.0.0.1 --port {port} --dir {folder} --daemonize no"
    with Program(needs("redis"), *words.split(), "--save", "") as server:
        is_up(port, server)
        names: dict[str, type] = {}
        exec(example("class Redis").replace("localhost:6379", f"127.0.0.1:{port}"), names)
        redis = names["Redis"](f"127.0.0.1:{port}")
        large = bytes(range(256)) * 4000
        redis(b"SET", b"large", large)
        assert redis(b"GET", b"large") == large
        with pytest.raises(ValueError, match="unknown command"):
            redis(b"NONSENSE")
        redis.close()


def test_redis_under_asyncio(folder: Path, port: int) -> None:
    async def talk() -> None:
        at = f"127.0.0.1:{port}"
        async with await aio.dial(at) as subscriber, await aio.dial(at) as publisher:
            subscriber.timeout = publisher.timeout = DEADLINE
            await subscriber.send_line(b"SUBSCRIBE news", b"\r\n")
            await subscriber.expect(rb"subscribe\r\n(?s:.*):1\r\n")
            await publisher.send_line(b"PUBLISH news hello", b"\r\n")
            match = await subscriber.expect(rb"news\r\n\$(\d+)\r\n")
            assert await subscriber.recv_exactly(int(match.group(1))) == b"hello"
            await publisher.send_all(b"PING\r\n" * 1000)
            answers = [await publisher.recv_line() for _ in range(1001)]
            assert answers == [b":1\r\n", *[b"+PONG\r\n"] * 1000]

    words = f"--bind 127.0.0.1 --port {port} --dir {folder} --daemonize no"
    with Program(needs("redis"), *words.split(), "--save", "") as server:
        is_up(port, server)
        asyncio.run(asyncio.wait_for(talk(), DEADLINE * 2))


def test_http(folder: Path, port: int, capsys: pytest.CaptureFixture[str]) -> None:
    needs("nginx")
    (folder / "index.html").write_bytes(PAGE)
    with Program(*_nginx(folder, port, f"root {folder};")) as server:
        is_up(port, server)
        exec(example("BytesParser").replace("localhost:8080", f"127.0.0.1:{port}"), {})
        assert f"b'200' text/html {len(PAGE)}\nb''\n" in capsys.readouterr().out


def test_server_answers_after_fin(port: int) -> None:
    async def talk() -> bytes:
        async with await aio.dial(f"127.0.0.1:{port}", aio.StreamConn) as conn:
            await conn.send_all(bytes(5_000_000))
            await conn.send_eof()
            return await conn.recv_all(timeout=DEADLINE)

    with Program(needs("node"), "-e", COUNTS, str(port)) as server:
        is_up(port, server)
        with pync.dial(f"127.0.0.1:{port}", pync.StreamConn) as conn:
            conn.send_all(bytes(5_000_000))
            conn.send_eof()
            assert conn.recv_all(timeout=DEADLINE) == b"5000000\n"
        assert asyncio.run(talk()) == b"5000000\n"
