r"""Connections over named pipes. tests/contract tests what all transports have in common."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast

import pytest

from pync.core import deadline
from pync.core.address import Address, parse
from pync.transports import Options, dial, listen
from pync.transports.listener import Listener
from pync.transports.windows.pipe_conn import MessagePipeConn, PipeConn, cause_of, system_name

PATIENCE = 10.0
SOON = Options(timeout=PATIENCE)
MESSAGES = SOON._replace(pipe_messages=True)

only_windows = pytest.mark.skipif(sys.platform != "win32", reason="only on Windows")


@pytest.fixture
def address() -> Address:
    return Address("pipe", path=f"pync-unit-{os.getpid()}")


@pytest.fixture
def listener(address: Address) -> Iterator[Listener]:
    with listen(address, SOON) as opened:
        yield opened


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("pipe:log", r"\\.\pipe\log"),
        (r"\\.\pipe\log", r"\\.\pipe\log"),
        (r"\\.\PIPE\with space", r"\\.\pipe\with space"),
        ("//./pipe/log", r"\\.\pipe\log"),
        (r"\\server\pipe\log", r"\\server\pipe\log"),
    ],
)
def test_system_name(written: str, name: str) -> None:
    assert system_name(parse(written)) == name


@pytest.mark.parametrize(
    ("number", "cause"),
    [
        (2, "there is no such pipe"),
        (5, "access denied"),
        (231, "the pipe is busy"),
        (1, "incorrect function"),
    ],
)
def test_causes_of_windows_errors(number: int, cause: str) -> None:
    error = OSError(0, "Incorrect function.")
    error.winerror = number  # type: ignore[attr-defined,unused-ignore]  # Windows has it
    assert cause_of(error) == cause


@only_windows
def test_byte_pipe_has_no_half_close(address: Address, listener: Listener) -> None:
    with dial(address, SOON) as client, listener.accept(PATIENCE) as server:
        assert type(client) is type(server) is PipeConn
        assert not hasattr(client, "send_eof")


@only_windows
def test_data_sent_before_close_is_received(address: Address, listener: Listener) -> None:
    with dial(address, SOON) as client, listener.accept(PATIENCE) as server:
        server.send_all(b"last words")
        server.close()
        client.settimeout(PATIENCE)
        assert [client.recv(100), client.recv(100)] == [b"last words", b""]
        client.send_all(b"too late, and nobody has told us yet")
        with pytest.raises(BrokenPipeError):
            cast("PipeConn", client)._outlet.wait(PATIENCE)
        with pytest.raises(BrokenPipeError):
            client.send_all(b"now we know")


@only_windows
def test_message_boundaries_are_kept(address: Address) -> None:
    with (
        listen(address, MESSAGES) as listener,
        dial(address, MESSAGES) as client,
        listener.accept(PATIENCE) as server,
    ):
        assert isinstance(client, MessagePipeConn)
        assert isinstance(server, MessagePipeConn)
        server.settimeout(PATIENCE)
        sent = [b"one", b"two", bytes(200_000), b"x"]
        for message in sent:
            client.send(message)
        assert client.send(b"") == 0  # an empty message would mean EOF
        client.send_eof()
        assert [server.recv(1) for _ in range(5)] == [*sent, b""]
        server.send(b"and back")
        client.settimeout(PATIENCE)
        assert client.recv(1) == b"and back"


@only_windows
def test_blocked_message_can_be_sent_again(address: Address) -> None:
    with (
        listen(address, MESSAGES) as listener,
        dial(address, MESSAGES) as client,
        listener.accept(PATIENCE) as server,
    ):
        client.settimeout(0)
        message = bytes(500_000)
        sent = 0
        try:
            while True:
                client.send(message)
                sent += 1
        except BlockingIOError:
            pass
        received = 0
        server.settimeout(PATIENCE)
        client.settimeout(PATIENCE)
        sending = threading.Thread(target=lambda: client.send(message))
        sending.start()
        while received < sent + 1:
            assert server.recv(1) == message
            received += 1
        sending.join(PATIENCE)


@only_windows
def test_peer_process(address: Address, listener: Listener) -> None:
    with dial(address, SOON) as client, listener.accept(PATIENCE) as server:
        assert isinstance(client, PipeConn)
        assert isinstance(server, PipeConn)
        assert client.peer_process() == server.peer_process() == os.getpid()


@only_windows
def test_unacknowledged(address: Address, listener: Listener) -> None:
    with dial(address, SOON) as client, listener.accept(PATIENCE) as server:
        assert isinstance(client, PipeConn)
        client.settimeout(0)
        sent = 0
        try:
            while True:
                sent += client.send(bytes(65536))
        except BlockingIOError:
            pass
        assert client.unacknowledged() > 0
        server.settimeout(PATIENCE)
        received = 0
        while received < sent:
            received += len(server.recv(65536))
        client.close()
        assert server.recv(1) == b""


@only_windows
def test_timeout_applies_to_the_whole_message(
    address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pump that accepts data slowly does not extend the time-out."""
    seconds = [0.0]
    with (
        listen(address, MESSAGES) as listener,
        dial(address, MESSAGES) as client,
        listener.accept(PATIENCE),
    ):
        assert isinstance(client, MessagePipeConn)
        send = client._outlet.send

        def trickle(data: bytes | memoryview) -> int:
            seconds[0] += 1
            return int(send(data[:1]))

        monkeypatch.setattr(client._outlet, "send", trickle)
        monkeypatch.setattr(deadline, "time", SimpleNamespace(monotonic=lambda: seconds[0]))
        with pytest.raises(TimeoutError):
            client.send_all(b"abcdefgh", timeout=3.5)
        assert seconds == [4]
        monkeypatch.undo()
