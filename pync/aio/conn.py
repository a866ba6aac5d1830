"""Connections under asyncio: a non-blocking connection of transports/, and the waits for it.

No protocol is implemented here. The connection below, with TLS or without, raises BlockingIOError
where it would have to wait; then the task waits for its descriptor.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from types import EllipsisType, TracebackType

from ..core.address import Address
from ..core.deadline import Deadline
from ..core.readahead import (
    LIMIT,
    READ,
    Exactly,
    IncompleteError,
    Line,
    Matching,
    ReadAhead,
    Request,
    Rest,
    Until,
    timed_out,
)
from ..core.typed import TYPE_CHECKING, TypeVar
from ..transports import conn as blocking
from ..transports.layered import CLOSING, LayeredConn
from .waits import Waits

if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import Self

_Found = TypeVar("_Found")


class Conn:
    """A connection under asyncio.

    Every call has ``timeout``: seconds for the whole call, None for ever; if it is not given, the
    connection's ``timeout``. Only one task may receive at a time; sends of several tasks run one
    after the other.

    Arguments:
        conn: owned by this object; set to non-blocking.
    """

    def __init__(self, conn: blocking.Conn) -> None:
        conn.settimeout(0)
        self._conn = conn
        self._waits = Waits()
        self._receiving = False
        self._sending = asyncio.Lock()
        self._cut_off = False
        #: Seconds for each call; None: for ever.
        self.timeout: float | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            await self.aclose()
        else:
            self.drop()

    def __repr__(self) -> str:
        return f"<aio.{type(self).__name__} of {self._conn!r}>"

    @property
    def local(self) -> Address:
        """Our address."""
        return self._conn.local

    @property
    def peer(self) -> Address:
        """The other side's address."""
        return self._conn.peer

    @property
    def below(self) -> blocking.Conn:
        """The connection below, for its other attributes (``socket``, ``codec`` of TLS)."""
        return self._conn

    async def recv(self, size: int = READ, timeout: float | EllipsisType | None = ...) -> bytes:
        """Return up to ``size`` bytes; ``b""`` at EOF. Raises OSError, TimeoutError."""
        with self._alone():
            return await self._take(self._conn.recv, size, self._deadline(timeout))

    async def send_all(self, data: bytes, timeout: float | EllipsisType | None = ...) -> None:
        """Send everything. Raises OSError; how much was sent is unknown then."""
        deadline = self._deadline(timeout)
        async with self._sending:
            with self._whole():
                view = memoryview(data)
                while view:
                    await self._waits.give_way()
                    try:
                        view = view[self._conn.send(view) :]
                    except BlockingIOError:
                        await self._waits.writable(self._conn.write_fd(), deadline)

    async def send_line(
        self, line: bytes, end: bytes = b"\n", timeout: float | EllipsisType | None = ...
    ) -> None:
        """Send a line and its end. Raises OSError."""
        await self.send_all(line + end, timeout)

    def drop(self) -> None:
        """Close without marking the end of the data, where a layer does so (TLS). Idempotent."""
        self._waits.end()
        self._conn.drop()

    async def aclose(self) -> None:
        """Close; over TLS, once the end is sent, or after a moment. Idempotent."""
        self.close()

    def close(self) -> None:
        """Close at once; waiting calls of other tasks raise OSError. Idempotent."""
        self._waits.end()
        self._conn.close()

    def _deadline(self, timeout: float | EllipsisType | None) -> Deadline:
        return Deadline(self.timeout if isinstance(timeout, EllipsisType) else timeout)

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Refuse further sends unless the ``with`` block sends everything."""
        if self._cut_off:
            raise OSError("an earlier send was cut off: nobody knows how much was sent")
        self._cut_off = True
        yield
        self._cut_off = False

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Raise RuntimeError if another task receives: it would be random which one gets what."""
        if self._receiving:
            raise RuntimeError("another task is receiving from this connection")
        self._receiving = True
        try:
            yield
        finally:
            self._receiving = False

    async def _take(self, recv: Callable[[int], bytes], size: int, deadline: Deadline) -> bytes:
        while True:
            await self._waits.give_way()
            try:
                return recv(size)
            except BlockingIOError:
                await self._waits.readable(self._conn.read_fds(), deadline)


class DatagramConn(Conn):
    """A connection whose ``recv`` returns whole datagrams; only with DTLS it has an EOF."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield datagrams."""
        while True:
            data = await self.recv()
            if self._conn.ended and not data:
                return
            yield data

    async def expect(
        self, pattern: bytes | re.Pattern[bytes], *, timeout: float | EllipsisType | None = ...
    ) -> re.Match[bytes]:
        """Wait for a datagram that contains a match; skip others. Raises OSError."""
        deadline = self._deadline(timeout)
        while True:
            data = await self.recv(timeout=deadline.remaining)
            match = re.search(pattern, data)
            if match:
                return match
            if self._conn.ended and not data:
                raise IncompleteError("expect", self.peer, "the peer ended")


class ByteConn(Conn):
    """A stream of bytes; all methods share the bytes that were read ahead."""

    #: The limit of bytes in a line, or before a delimiter or a match; None: no limit.
    limit: int | None = LIMIT

    def __init__(self, conn: blocking.Conn) -> None:
        super().__init__(conn)
        if conn._ahead is None:
            conn._ahead = ReadAhead()
        self._ahead = conn._ahead

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the lines up to EOF, as recv_line returns them."""
        while line := await self.recv_line():
            yield line

    async def recv_until(
        self,
        delimiter: bytes,
        *,
        timeout: float | EllipsisType | None = ...,
        limit: int | EllipsisType | None = ...,
    ) -> bytes:
        """Return everything up to the delimiter, including it.

        Raises IncompleteError (an EOFError) if the peer ends before it, ReadTimeoutError (a
        TimeoutError), LimitError; all are OSErrors, like the errors of a broken connection.
        """
        return await self._ask(Until(delimiter, self._most(limit)), timeout)

    async def recv_exactly(self, size: int, *, timeout: float | EllipsisType | None = ...) -> bytes:
        """Return exactly so many bytes. Raises the errors of recv_until."""
        return await self._ask(Exactly(size), timeout)

    async def recv_line(
        self,
        *,
        timeout: float | EllipsisType | None = ...,
        limit: int | EllipsisType | None = ...,
    ) -> bytes:
        """Return the next line with its LF; ``b""`` at EOF, and only then.

        The last line of a stream may lack its LF. Raises ReadTimeoutError, LimitError.
        """
        return await self._ask(Line(self._most(limit)), timeout)

    async def recv_all(
        self, *, timeout: float | EllipsisType | None = ..., limit: int | None = None
    ) -> bytes:
        """Return everything up to EOF, without a ``limit`` unless one is given. Raises OSError."""
        return await self._ask(Rest(limit), timeout)

    async def expect(
        self,
        pattern: bytes | re.Pattern[bytes],
        *,
        timeout: float | EllipsisType | None = ...,
        limit: int | EllipsisType | None = ...,
    ) -> re.Match[bytes]:
        """Wait for a match of a regular expression; read up to the end of the first one.

        Raises the errors of recv_until.
        """
        return await self._ask(Matching(pattern, self._most(limit)), timeout)

    def _most(self, limit: int | EllipsisType | None) -> int | None:
        return self.limit if isinstance(limit, EllipsisType) else limit

    async def _ask(self, request: Request[_Found], timeout: float | EllipsisType | None) -> _Found:
        deadline = self._deadline(timeout)
        held = self._ahead
        with self._alone():
            while (found := request.look(held, self.peer)) is None:
                try:
                    # _recv() skips the bytes read ahead, which are in the buffer already.
                    data = await self._take(self._conn._recv, READ, deadline)
                except TimeoutError:
                    raise timed_out(request.operation, self.peer, held) from None
                if not data:
                    return request.at_end(held, self.peer)
                held.feed(data)
            return found


class StreamConn(ByteConn):
    """A stream whose two directions end separately."""

    async def send_eof(self, timeout: float | EllipsisType | None = ...) -> None:
        """End our direction (FIN, close_notify); the other stays open. Raises OSError."""
        deadline = self._deadline(timeout)
        below: Any = self._conn
        async with self._sending:
            with self._whole():
                while True:
                    try:
                        below.send_eof()
                        return
                    except BlockingIOError:
                        await self._waits.writable(below.write_fd(), deadline)

    async def aclose(self) -> None:
        """Close; over TLS, once the end is sent, or after a moment. Idempotent."""
        try:
            # (TLS's end may have to wait until the peer has read the bytes before it.)
            idle = not self._sending.locked() and not self._cut_off
            if isinstance(self._conn, LayeredConn) and idle and self._conn.fileno() != -1:
                await self.send_eof(timeout=CLOSING)
        except OSError:
            pass  # the peer has closed, or does not read
        finally:
            self.close()
