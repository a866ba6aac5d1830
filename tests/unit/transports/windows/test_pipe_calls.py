"""The pipe functions below the connections: data, cancellation and broken pipes."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator

import pytest

if sys.platform != "win32":
    pytest.skip("only on Windows", allow_module_level=True)

from pync.core.deadline import Deadline
from pync.transports.windows.pipe_calls import (
    ERROR_FILE_NOT_FOUND,
    ERROR_INVALID_PARAMETER,
    ERROR_PIPE_BUSY,
    Instance,
    Pipe,
    connect,
    create,
    discard,
)

NAME = rf"\\.\pipe\pync-winpipe-{os.getpid()}"
PATIENCE = 10.0


def pair(*, messages: bool = False) -> tuple[Pipe, Pipe]:
    instance = Instance(create(NAME, first=True, messages=messages))
    client = connect(NAME, messages=messages, deadline=Deadline(PATIENCE))
    server = instance.accept()
    assert server is not None
    return Pipe(client, messages=messages), Pipe(server, messages=messages)


def close_all(*pipes: Pipe) -> None:
    for pipe in pipes:
        pipe.let_go()
        pipe.let_go()


@pytest.fixture
def ends() -> Iterator[tuple[Pipe, Pipe]]:
    opened = pair()
    yield opened
    close_all(*opened)


def test_write_and_read(ends: tuple[Pipe, Pipe]) -> None:
    client, server = ends
    client.write(b"question")
    assert server.read() == b"question"
    server.write(b"answer")
    assert client.read() == b"answer"


def test_other_side_closes() -> None:
    client, server = pair()
    server.write(b"last")
    close_all(server)
    assert [client.read(), client.read()] == [b"last", b""]
    with pytest.raises(OSError):
        client.write(b"x")
    close_all(client)


def test_stop_reading_cancels_a_read(ends: tuple[Pipe, Pipe]) -> None:
    client, _ = ends
    read: list[bytes] = []
    reading = threading.Thread(target=lambda: read.append(client.read()))
    reading.start()
    client.stop_reading()
    reading.join(PATIENCE)
    assert read == [b""]
    assert client.read() == b""


def test_unread_write_times_out(ends: tuple[Pipe, Pipe]) -> None:
    client, _ = ends
    client.leave_within(0)
    with pytest.raises(TimeoutError):
        client.write(bytes(1024 * 1024))


def test_long_message_is_read_whole() -> None:
    client, server = pair(messages=True)
    message = bytes(range(256)) * 1000
    writing = threading.Thread(target=lambda: client.write(message))
    writing.start()
    assert server.read() == message
    writing.join(PATIENCE)
    client.write(b"")
    assert server.read() == b""
    close_all(client, server)


def test_missing_pipe() -> None:
    with pytest.raises(OSError) as absent:
        connect(NAME, messages=False, deadline=Deadline(PATIENCE))
    assert absent.value.winerror == ERROR_FILE_NOT_FOUND


def test_busy_pipe_times_out(ends: tuple[Pipe, Pipe]) -> None:
    with pytest.raises(OSError) as busy:
        connect(NAME, messages=False, deadline=Deadline(0.05))
    assert busy.value.winerror == ERROR_PIPE_BUSY


def test_message_mode_needs_a_message_pipe() -> None:
    handle = create(NAME, first=True)
    with pytest.raises(OSError) as wrong:
        connect(NAME, messages=True, deadline=Deadline(PATIENCE))
    assert wrong.value.winerror == ERROR_INVALID_PARAMETER
    discard(handle)


def test_close_cancels_accept() -> None:
    instance = Instance(create(NAME, first=True))
    accepted: list[int | None] = []
    waiting = threading.Thread(target=lambda: accepted.append(instance.accept()))
    waiting.start()
    instance.close()
    instance.close()
    waiting.join(PATIENCE)
    assert accepted == [None]
