"""The checks of pync.testing for users' streams: a correct one passes, each fault is reported."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from pync import testing
from pync.testing import StreamFailure, of_socket


class Right(of_socket):
    """A correct stream, whose methods the tests replace."""


class HoldsBack(Right):
    def send_all(self, data: bytes) -> None:
        if len(data) > 1:
            super().send_all(data)


class TextOnly(Right):
    def send_all(self, data: bytes) -> None:
        super().send_all(data.replace(b"\r\n", b"\n\n"))


class EmptyReads(Right):
    reads = 0

    def recv(self, size: int) -> bytes:
        self.reads += 1
        return b"" if self.reads == 2 else super().recv(size)


class EndsWhole(Right):
    def send_eof(self) -> None:
        self._sock.shutdown(socket.SHUT_RDWR)


class EndsNothing(Right):
    def send_eof(self) -> None:
        pass


class EndsOnce(Right):
    ended = False

    def send_eof(self) -> None:
        if self.ended:
            raise OSError("ended already")
        self.ended = True
        super().send_eof()


class LosesTheLast(Right):
    def send_all(self, data: bytes) -> None:
        super().send_all(b"" if data == b"last words" else data)


class SendsOn(Right):
    closed = False

    def send_all(self, data: bytes) -> None:
        if not self.closed:
            super().send_all(data)

    def close(self) -> None:
        self.closed = True
        super().close()


class GivesArrays(Right):
    def recv(self, size: int) -> bytes:
        return bytearray(super().recv(size))  # type: ignore[return-value]


WRONG: dict[type[Right], str] = {
    HoldsBack: r"recv did not return within 1 s",
    TextOnly: r"what the other end sent arrived changed: byte 0 is b'\\n\\n' ..., expected b'\\r",
    EmptyReads: r'recv returned b"" after \d+ of \d+ bytes: that is the end',
    GivesArrays: r"recv returned bytearray, expected bytes",
    LosesTheLast: r'recv returned b"" after 0 of 10 bytes',
    SendsOn: r"send_all after close\(\) raised nothing",
    EndsWhole: r"raised BrokenPipeError|recv after send_eof|recv returned",
    EndsNothing: r"recv at the end did not return within 1 s",
    EndsOnce: r"send_eof, a second time, raised OSError\('ended already'\)",
}


def pairs(kind: type[Right]) -> Callable[[], tuple[Right, ...]]:
    return lambda: tuple(map(kind, socket.socketpair()))


def test_a_right_stream_passes() -> None:
    testing.check_half_closeable(pairs(Right))


@pytest.mark.parametrize("kind", WRONG, ids=lambda kind: kind.__name__)
def test_a_wrong_one_is_told(kind: type[Right]) -> None:
    with pytest.raises(StreamFailure, match=f"^(?:{WRONG[kind]})"):
        testing.check_half_closeable(pairs(kind), patience=1 if "within 1 s" in WRONG[kind] else 10)


def test_what_is_not_a_pair_is_told() -> None:
    def fails() -> tuple[Right, ...]:
        raise ConnectionRefusedError

    with pytest.raises(AssertionError, match=r"^connect made 0 ends, not 2$"):
        testing.check_bytes(tuple)
    with pytest.raises(StreamFailure, match=r"^connect raised ConnectionRefusedError"):
        testing.check_bytes(fails)


class Coroutines:
    """A stream of asyncio."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock

    async def recv(self, size: int) -> bytes:
        return await asyncio.get_running_loop().sock_recv(self._sock, size)

    async def send_all(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self._sock, data)

    async def send_eof(self) -> None:
        self._sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self._sock.close()


def test_streams_of_asyncio_are_checked_over_their_loop() -> None:
    loop = asyncio.new_event_loop()
    running = threading.Thread(target=loop.run_forever)
    running.start()
    try:
        testing.check_half_closeable(
            lambda: tuple(testing.of_async(Coroutines(sock), loop) for sock in socket.socketpair())
        )
    finally:
        loop.call_soon_threadsafe(loop.stop)
        running.join()
        loop.close()


def test_no_test_framework_is_needed() -> None:
    script = "import sys, pync.testing; print('pytest' in sys.modules, 'asyncio' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False"]
