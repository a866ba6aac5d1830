"""Dialling a Unix socket in a loop: success, failure, and a full queue."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from pync.core.address import Address
from pync.core.errors import NO_PIPE, PIPE_BUSY, DialError
from pync.engine.local_connector import LocalConnector
from pync.engine.loop import Loop
from pync.transports import Options

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="this system has no Unix sockets")


@pytest.fixture
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("s") / "socket"


def dial(loop: Loop, path: Path, seconds: float) -> LocalConnector:
    over: list[LocalConnector] = []
    address = Address("unix", path=str(path))
    dialling = LocalConnector(loop, address, Options(timeout=seconds), over.append)
    dialling.start()
    loop.run_while(lambda: not over)
    return dialling


def test_missing_and_listening_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener, Loop() as loop:
        dialling = dial(loop, path, 1)
        assert str(dialling.failure) == f"dial unix:{path}: no such file or directory"
        listener.bind(str(path))
        listener.listen()
        dialling = dial(loop, path, 1)
        assert dialling.conn is not None
        dialling.conn.close()
        dialling.stop()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only on Linux")
def test_full_queue_is_retried_until_the_timeout(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener, Loop() as loop:
        listener.bind(str(path))
        listener.listen(0)
        with socket.socket(socket.AF_UNIX) as first:
            first.connect(str(path))
            assert str(dial(loop, path, 0.02).failure) == f"dial unix:{path}: timed out"
            loop.call_later(0.02, lambda: _make_room(listener))
            dialling = dial(loop, path, 10)
            assert dialling.conn is not None
            dialling.conn.close()


def _make_room(listener: socket.socket) -> None:
    listener.accept()[0].close()


def test_busy_pipe_is_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [PIPE_BUSY, PIPE_BUSY, NO_PIPE]

    def dial(address: Address, _options: Options) -> None:
        raise DialError("dial", address, answers.pop(0))

    monkeypatch.setattr("pync.engine.local_connector.dial", dial)
    over: list[LocalConnector] = []
    with Loop() as loop:
        pipe = Address("pipe", path="x")
        LocalConnector(loop, pipe, Options(timeout=10), over.append).start()
        loop.run_while(lambda: not over)
    assert str(over[0].failure) == f"dial pipe:x: {NO_PIPE}"
    assert answers == []
