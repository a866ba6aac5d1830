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


class CorrectStream(of_socket):
    """A correct stream, whose methods the tests replace."""


class HoldsBack(CorrectStream):
    def send_all(self, data: bytes) -> None:
        if len(data) > 1:
            super().send_all(data)


class TextOnly(CorrectStream):
    def send_all(self, data: bytes) -> None:
        super().send_all(data.replace(b"\r\n", b"\n\n"))


class EmptyReads(CorrectStream):
    reads = 0

    def recv(self, size: int) -> bytes:
        self.reads += 1
        return b"" if self.reads == 2 else super().recv(size)


class ShutsDownBoth(CorrectStream):
    def send_eof(self) -> None:
        self._sock.shutdown(socket.SHUT_RDWR)


class SendsNoEof(CorrectStream):
    def send_eof(self) -> None:
        pass


class SecondEofFails(CorrectStream):
    ended = False

    def send_eof(self) -> None:
        if self.ended:
            raise OSError("ended already")
        self.ended = True
        super().send_eof()


class LosesLastData(CorrectStream):
    def send_all(self, data: bytes) -> None:
        super().send_all(b"" if data == b"last words" else data)


class SendsAfterClose(CorrectStream):
    closed = False

    def send_all(self, data: bytes) -> None:
        if not self.closed:
            super().send_all(data)

    def close(self) -> None:
        self.closed = True
        super().close()


class ReturnsBytearray(CorrectStream):
    def recv(self, size: int) -> bytes:
        return bytearray(super().recv(size))  # type: ignore[return-value]


FAULTY: dict[type[CorrectStream], str] = {
    HoldsBack: r"recv did not return within 1 s",
    TextOnly: r"what the other end sent arrived changed: byte 0 is b'\\n\\n' ..., expected b'\\r",
    EmptyReads: r'recv returned b"" after \d+ of \d+ bytes: that is the end',
    ReturnsBytearray: r"recv returned bytearray, expected bytes",
    LosesLastData: r'recv returned b"" after 0 of 10 bytes',
    SendsAfterClose: r"send_all after close\(\) raised nothing",
    ShutsDownBoth: r"raised BrokenPipeError|recv after send_eof|recv returned",
    SendsNoEof: r"recv at the end did not return within 1 s",
    SecondEofFails: r"send_eof, a second time, raised OSError\('ended already'\)",
}


def pairs(kind: type[CorrectStream]) -> Callable[[], tuple[CorrectStream, ...]]:
    return lambda: tuple(map(kind, socket.socketpair()))


def test_correct_stream_passes() -> None:
    testing.check_half_closeable(pairs(CorrectStream))


@pytest.mark.parametrize("kind", FAULTY, ids=lambda kind: kind.__name__)
def test_faulty_stream_is_reported(kind: type[CorrectStream]) -> None:
    with pytest.raises(StreamFailure, match=f"^(?:{FAULTY[kind]})"):
        testing.check_half_closeable(
            pairs(kind), patience=1 if "within 1 s" in FAULTY[kind] else 10
        )


def test_connect_function_fails() -> None:
    def fails() -> tuple[CorrectStream, ...]:
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


def test_asyncio_streams() -> None:
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


def test_module_needs_no_test_framework() -> None:
    script = "import sys, pync.testing; print('pytest' in sys.modules, 'asyncio' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.split() == ["False", "False"]
