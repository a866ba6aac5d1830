"""Checks for any streams: bytes, their order, half-close and the end of a stream.

    import socket

    from pync import testing

    testing.check_half_closeable(lambda: tuple(map(testing.of_socket, socket.socketpair())))

Each check makes a pair of connected ends with ``connect``, uses it, and closes it. It raises
StreamFailure, an AssertionError that says what was expected and what happened; a call that
does not return is a failure too. No test framework is needed. pync runs the same checks over
all its transports.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress

from .core.typed import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    import asyncio
    from typing import Any

#: The default seconds in which a call must return.
PATIENCE = 10.0

#: More bytes than buffers can hold: sending them needs a reader.
MUCH = 1_000_000

_Result = TypeVar("_Result")


class StreamFailure(AssertionError):
    """The failure of a check: a stream does not do what it should."""


class Stream(Protocol):
    """The methods that a stream must have."""

    def recv(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, at least one; ``b""`` when the other end has ended."""

    def send_all(self, data: bytes, /) -> object:
        """Send everything."""

    def close(self) -> object:
        """End both directions; a second call does nothing."""


class HalfCloseable(Stream, Protocol):
    """A stream whose directions end separately."""

    def send_eof(self) -> object:
        """End our direction; the other one stays open."""


class of_socket:  # noqa: N801 - it is called like a function
    """A connected ``socket.socket`` (or one of ``ssl``) as a stream; owned by this object."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def recv(self, size: int) -> bytes:
        """See Stream."""
        return self._sock.recv(size)

    def send_all(self, data: bytes) -> None:
        """See Stream."""
        self._sock.sendall(data)

    def send_eof(self) -> None:
        """See HalfCloseable."""
        self._sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """See Stream."""
        self._sock.close()


class of_async:  # noqa: N801 - it is called like a function
    """An adapter for a stream of asyncio, whose methods are coroutines.

    Arguments:
        stream: has ``recv``, ``send_all``, ``close`` and perhaps ``send_eof``.
        loop: a loop that runs in another thread.
    """

    def __init__(self, stream: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._stream = stream
        self._loop = loop
        if hasattr(stream, "send_eof"):
            self.send_eof = lambda: self._run(stream.send_eof)

    def recv(self, size: int) -> bytes:
        """See Stream."""
        data: bytes = self._run(lambda: self._stream.recv(size))
        return data

    def send_all(self, data: bytes) -> None:
        """See Stream."""
        self._run(lambda: self._stream.send_all(data))

    def close(self) -> None:
        """See Stream."""
        self._run(self._stream.close)

    def _run(self, call: Callable[[], Awaitable[_Result] | _Result]) -> _Result:
        async def run() -> _Result:
            result = call()
            return await result if isinstance(result, Awaitable) else result

        import asyncio

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result()


Connect = Callable[[], "tuple[Stream, ...]"]
ConnectHalfCloseable = Callable[[], "tuple[HalfCloseable, ...]"]


def check_half_closeable(connect: ConnectHalfCloseable, *, patience: float = PATIENCE) -> None:
    """Run check_stream and check_half_close.

    Arguments:
        connect: makes two connected ends.
        patience: seconds for each call that must return.
    """
    check_stream(connect, patience=patience)
    check_half_close(connect, patience=patience)


def check_stream(connect: Connect, *, patience: float = PATIENCE) -> None:
    """Run check_bytes, check_order and check_end."""
    for check in (check_bytes, check_order, check_end):
        check(connect, patience=patience)


def check_bytes(connect: Connect, *, patience: float = PATIENCE) -> None:
    """Check that every byte value arrives unchanged, both ways, and one byte is not held back."""
    with _Pair(connect, patience) as pair:
        every = bytes(range(256))
        for sender, receiver in (pair.ends, pair.ends[::-1]):
            for data in (b"\0", every, b"\r\n", every[::-1]):
                pair.call("send_all", sender.send_all, data)
                pair.hears(receiver, data)


def check_order(connect: Connect, *, patience: float = PATIENCE) -> None:
    """Check that a megabyte arrives whole and in order, both ways at once."""
    with _Pair(connect, patience) as pair:
        sent = b"".join(number.to_bytes(4, "big") for number in range(MUCH // 4))
        left, right = pair.ends
        sending = [pair.begin("send_all", end.send_all, sent) for end in (left, right)]
        hearing = [pair.begin("recv", pair.read, end, len(sent)) for end in (right, left)]
        for call in hearing:
            _compare(call.result(), sent, "what the other end sent")
        for call in sending:
            call.result()


def check_end(connect: Connect, *, patience: float = PATIENCE) -> None:
    """Check that bytes sent before close() arrive, and that each recv after them gives ``b""``."""
    for turn in (1, -1):
        with _Pair(connect, patience) as pair:
            closing, other = pair.ends[::turn]
            pair.call("send_all", closing.send_all, b"last words")
            pair.call("close", closing.close)
            pair.call("close, a second time,", closing.close)
            pair.hears(other, b"last words")
            pair.hears_end(other)
            try:
                closing.send_all(b"x")
            except Exception:  # noqa: BLE001 - each kind of stream has its own
                continue
            raise StreamFailure("send_all after close() raised nothing")


def check_half_close(connect: ConnectHalfCloseable, *, patience: float = PATIENCE) -> None:
    """Check that send_eof ends one direction: the other end gets all, ``b""``, and can answer."""
    for turn in (1, -1):
        with _Pair(connect, patience) as pair:
            asking, answering = pair.ends[::turn]
            pair.call("send_all", asking.send_all, b"question")
            pair.call("send_eof", asking.send_eof)
            pair.call("send_eof, a second time,", asking.send_eof)
            pair.hears(answering, b"question")
            pair.hears_end(answering)
            answer = bytes(MUCH)
            sending = pair.begin(
                "send_all after the other end's send_eof", answering.send_all, answer
            )
            _compare(
                pair.call("recv after send_eof", pair.read, asking, MUCH), answer, "the answer"
            )
            sending.result()
            pair.call("send_eof", answering.send_eof)
            pair.hears_end(asking)
    _check_send_after_end(connect, patience)


def _check_send_after_end(connect: ConnectHalfCloseable, patience: float) -> None:
    with _Pair(connect, patience) as pair:
        ended, other = pair.ends
        pair.call("send_eof", ended.send_eof)
        with suppress(Exception):
            pair.call("send_all after send_eof", ended.send_all, b"too late")
        pair.hears_end(other)


class _Call:
    """A call in a thread of its own.

    Arguments:
        name: its name in failures.
        call: the function to call.
        patience: the time limit in seconds.
    """

    def __init__(self, name: str, call: Callable[[], Any], patience: float) -> None:
        self._name = name
        self._call = call
        self._patience = patience
        self._outcome: Any = None
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def result(self) -> Any:
        """Return its result. Raises StreamFailure if it raised, or did not return."""
        self._thread.join(self._patience)
        if self._thread.is_alive():
            raise StreamFailure(f"{self._name} did not return within {self._patience:g} s")
        if isinstance(self._error, StreamFailure):
            raise self._error
        if self._error is not None:
            raise StreamFailure(f"{self._name} raised {self._error!r}") from self._error
        return self._outcome

    def _run(self) -> None:
        try:
            self._outcome = self._call()
        except Exception as error:  # noqa: BLE001 - result() raises it in the other thread
            self._error = error


class _Pair:
    """Two connected ends, closed at the end of ``with``."""

    def __init__(self, connect: Callable[[], tuple[Any, ...]], patience: float) -> None:
        self._patience = patience
        ends = _Call("connect", connect, patience).result()
        if len(ends) != 2:
            raise StreamFailure(f"connect made {len(ends)} ends, not 2")
        self.ends: tuple[Any, Any] = (ends[0], ends[1])

    def __enter__(self) -> _Pair:
        return self

    def __exit__(self, *_: object) -> None:
        for end in self.ends:
            self.call("close", end.close)

    def begin(self, name: str, call: Callable[..., Any], *arguments: object) -> _Call:
        return _Call(name, lambda: call(*arguments), self._patience)

    def call(self, name: str, call: Callable[..., Any], *arguments: object) -> Any:
        return self.begin(name, call, *arguments).result()

    def hears(self, end: Stream, data: bytes) -> None:
        _compare(self.call("recv", self.read, end, len(data)), data, "what the other end sent")

    def hears_end(self, end: Stream) -> None:
        for turn in ("", " a second time"):
            came = self.call("recv at the end", end.recv, 100)
            if came != b"":
                raise StreamFailure(f'recv at the end returned {came!r}{turn}, expected b""')

    @staticmethod
    def read(end: Stream, size: int) -> bytes:
        received = bytearray()
        while len(received) < size:
            data = end.recv(min(65536, size - len(received)))
            if not isinstance(data, bytes):
                raise StreamFailure(f"recv returned {type(data).__name__}, expected bytes")
            if not data:
                raise StreamFailure(
                    f'recv returned b"" after {len(received)} of {size} bytes: '
                    "that is the end, and the other end has not ended"
                )
            received += data
        return bytes(received)


def _compare(received: bytes, expected: bytes, what: str) -> None:
    if received == expected:
        return
    at = next(
        (at for at, pair in enumerate(zip(received, expected, strict=False)) if pair[0] != pair[1]),
        min(len(received), len(expected)),
    )
    raise StreamFailure(
        f"{what} arrived changed: byte {at} is {received[at : at + 10]!r} ..., "
        f"expected {expected[at : at + 10]!r} ..."
    )
