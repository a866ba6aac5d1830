"""Database clients on faulty links: PostgreSQL with psycopg, Redis with redis-py; TCP and Unix."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import pync
from pync.fixtures import faulty_link

from ..clock import Stopwatch
from ..programs import Program, is_listening_path, needs, until

__all__ = ["faulty_link"]

MakeLink = Callable[..., pync.FaultyLink]


class Database:
    """A server: its port on 127.0.0.1, and its Unix socket."""

    def __init__(self, port: int, path: Path) -> None:
        self.port = port
        self.path = path

    @property
    def addresses(self) -> dict[str, str]:
        return {"tcp": f"tcp://127.0.0.1:{self.port}", "unix": f"unix:{self.path}"}


# Redis.


@pytest.fixture
def redis_server(port: int, tmp_path: Path) -> Iterator[Database]:
    command = needs("redis")
    pytest.importorskip("redis", reason="redis-py is not installed")
    path = tmp_path / "redis"
    words = ["--port", str(port), "--bind", "127.0.0.1", "--unixsocket", str(path), "--save", ""]
    with Program(command, *words, "--dir", str(tmp_path)) as program:
        until(lambda: is_listening_path(path), "redis to listen", program)
        yield Database(port, path)


def redis_client(link: pync.FaultyLink, **options: Any) -> Any:
    import redis

    where: dict[str, Any] = {"unix_socket_path": link.path} if link.path else {"port": link.port}
    return redis.Redis(**where, **options)


@pytest.mark.parametrize("scheme", ["tcp", "unix"])
def test_redis_over_a_bad_line(
    redis_server: Database, faulty_link: MakeLink, tmp_path: Path, scheme: str
) -> None:
    import redis

    entrance = {"tcp": "tcp://127.0.0.1:0", "unix": f"unix:{tmp_path / 'link'}"}[scheme]
    link = faulty_link(redis_server.addresses[scheme], entrance)
    with redis_client(link, socket_timeout=10, retry=None) as client:
        assert client.set("word", "value")
        link.down.delay = 0.1
        watch = Stopwatch()
        assert client.get("word") == b"value"
        assert watch.reached(0.1)
        link.down.delay = 0
        link.down.slice = 1
        client.set("long", b"x" * 5000)
        assert client.get("long") == b"x" * 5000
        link.clear()
        link.cut()
        # (redis-py notices that its connection has ended, and opens another one.)
        assert client.get("word") == b"value"
        link.cut()
        link.down.cut_after = 5
        with pytest.raises(redis.ConnectionError):
            client.get("word")
        link.clear()
        assert client.get("word") == b"value"
    with redis_client(link, socket_timeout=0.2, retry=None) as hasty:
        assert hasty.ping()
        link.down.stall_after = 0
        with pytest.raises(redis.TimeoutError):
            hasty.ping()


# PostgreSQL.


def is_ready(home: Path, port: int) -> bool:
    """Whether PostgreSQL accepts clients; it listens earlier than that."""
    import psycopg

    try:
        psycopg.connect(f"user=me dbname=postgres host={home} port={port}").close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.fixture
def postgresql(port: int) -> Iterator[Database]:
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    folder = needs("postgresql")
    programs = Path(folder).parent
    # (Not in tmp_path: another user cannot enter its parents. A Unix path holds 107 bytes.)
    home = Path(tempfile.mkdtemp(prefix="pg"))
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        # Its programs refuse to run as root.
        user = {"user": "postgres"}
        os.chown(home, pwd.getpwnam("postgres").pw_uid, -1)
    try:
        initdb: list[str | Path] = [
            programs / "initdb",
            "-D",
            home / "data",
            "-U",
            "me",
            "-A",
            "trust",
            "-N",
        ]
        subprocess.run(initdb, check=True, capture_output=True, cwd=home, timeout=60, **user)
        words: list[str | Path] = [
            "-D",
            home / "data",
            "-k",
            home,
            "-p",
            str(port),
            "-c",
            "fsync=off",
        ]
        path = home / f".s.PGSQL.{port}"
        server = subprocess.Popen(
            [programs / "postgres", *words, "-c", "listen_addresses=127.0.0.1"],
            cwd=home,
            stderr=subprocess.DEVNULL,
            **user,
        )
        try:
            until(
                lambda: is_ready(home, port) or server.poll() is not None, "PostgreSQL to be ready"
            )
            yield Database(port, path)
        finally:
            server.send_signal(3)  # SIGQUIT: stop at once
            server.wait(30)
    finally:
        shutil.rmtree(home)


@pytest.mark.parametrize("scheme", ["tcp", "unix"])
def test_postgresql_over_a_bad_line(
    postgresql: Database, faulty_link: MakeLink, tmp_path: Path, scheme: str
) -> None:
    import psycopg

    entrance = {"tcp": "tcp://127.0.0.1:0", "unix": f"unix:{tmp_path}/.s.PGSQL.5432"}[scheme]
    link = faulty_link(postgresql.addresses[scheme], entrance)
    where = f"host={tmp_path}" if link.path else f"host={link.host} port={link.port}"

    def connect() -> psycopg.Connection[Any]:
        return psycopg.connect(f"user=me dbname=postgres {where}", autocommit=True)

    with connect() as one:
        link.down.delay = 0.1
        watch = Stopwatch()
        assert one.execute("select 6 * 7").fetchone() == (42,)
        assert watch.reached(0.1)
        link.clear()
        link.down.slice = 1
        assert one.execute("select repeat('x', 5000)").fetchone() == ("x" * 5000,)
        link.clear()
        link.cut()
        with pytest.raises(psycopg.OperationalError):
            one.execute("select 1")
        assert one.broken
    link.down.reset_after = 200
    with pytest.raises(psycopg.OperationalError):
        connect()
    link.clear()
    with connect() as again:
        assert again.execute("select 1").fetchone() == (1,)
