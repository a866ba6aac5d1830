"""Listeners under asyncio: accepting, and a task for each client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from types import TracebackType

from ..core.address import Address
from ..core.broken import WebSocketError
from ..core.deadline import Deadline
from ..core.errors import ListenError, TlsError, cause_of
from ..core.typed import TYPE_CHECKING
from ..transports.listener import Listener as BlockingListener
from .conn import Conn, StreamConn
from .waits import Waits
from .wrapping import wrapped

if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import Self

    #: Serves a client.
    Handler = Callable[[Any], Awaitable[object]]

#: The errors of a handshake, after which the listener can still be used.
HANDSHAKE_FAILED = (TlsError, WebSocketError)

#: Seconds before accepting again when there was no free descriptor.
TRY_AGAIN = 0.2


class Listener:
    """Listening sockets under asyncio.

    Arguments:
        listener: owned by this object.
    """

    def __init__(self, listener: BlockingListener) -> None:
        self._listener = listener
        self._waits = Waits()
        self._closed = asyncio.Event()
        self._accepting = asyncio.Lock()
        self.addresses = listener.addresses

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<aio.{type(self).__name__} {', '.join(map(str, self.addresses))}>"

    @property
    def address(self) -> Address:
        """The first of the addresses."""
        return self.addresses[0]

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed.is_set()

    async def accept(self, timeout: float | None = None) -> StreamConn | Any:
        """Return the next connection; of most listeners it is a StreamConn.

        Raises ListenError, which is a TimeoutError after ``timeout`` seconds; TlsError or
        WebSocketError when a handshake fails: the listener can still be used then.
        """
        deadline = Deadline(timeout)
        async with self._accepting:
            return wrapped(await self.take(deadline))

    async def __aiter__(self) -> AsyncIterator[StreamConn | Any]:
        """Yield connections until close().

        A connection whose handshake fails is skipped. A listener of datagrams without DTLS yields
        one.
        """
        while not self.closed:
            try:
                conn = await self.accept()
            except HANDSHAKE_FAILED:
                continue
            except ListenError:
                if self.closed:
                    return
                raise
            yield conn
            if _is_only(conn):
                return

    async def serve(self, handler: Handler, *, max_clients: int | None = None) -> None:
        """Call ``handler`` with each connection, in a task of its own, until close().

        The connection is closed when the handler returns, and dropped when it raises; the loop's
        exception handler gets the exception. After close(), serve() waits for the handlers that
        still run; cancelling serve() cancels them.

        Arguments:
            max_clients: the limit of clients at once; others wait in the system's queue.
        Raises ListenError.
        """
        if max_clients is not None and max_clients < 1:
            raise ValueError(f"max_clients must be at least 1, not {max_clients}")
        clients: set[asyncio.Task[None]] = set()
        closing = asyncio.ensure_future(self._closed.wait())
        try:
            while not self.closed:
                while max_clients is not None and len(clients) >= max_clients and not self.closed:
                    await asyncio.wait({*clients, closing}, return_when="FIRST_COMPLETED")
                try:
                    conn = await self.accept()
                except HANDSHAKE_FAILED:
                    continue
                except ListenError:
                    if self.closed:
                        break
                    if not clients:
                        raise
                    await asyncio.wait({*clients, closing}, timeout=TRY_AGAIN)
                    continue
                client = asyncio.create_task(_served(handler, conn))
                clients.add(client)
                client.add_done_callback(clients.discard)
                # A task that is cancelled before it begins runs none of its code.
                client.add_done_callback(partial(_drop, conn))
                if _is_only(conn):
                    break
            if clients:
                await asyncio.wait(clients)
        finally:
            closing.cancel()
            left = list(clients)
            for client in left:
                client.cancel()
            await asyncio.gather(*left, closing, return_exceptions=True)

    def close(self) -> None:
        """Stop listening; an accept() of another task ends. Idempotent."""
        self._closed.set()
        self._waits.end()
        self._listener.close()

    async def take(self, deadline: Deadline) -> Any:
        """Return the next connection, of a class of transports/. Raises ListenError."""
        return await self._take_plain(deadline)

    async def _take_plain(self, deadline: Deadline) -> Any:
        while True:
            self._check_open()
            await self._waits.give_way()
            try:
                conn = self._listener.take_nowait()
                if conn is not None:
                    return conn
                await self._waits.readable(self._listener.read_fds(), deadline)
            except TimeoutError:
                raise ListenError("accept", self.address, "timed out") from None
            except OSError as error:
                self._check_open()
                raise ListenError("accept", self.address, cause_of(error)) from None

    def _check_open(self) -> None:
        if self.closed:
            raise ListenError("accept", self.address, "the listener was closed")


def _is_only(conn: Conn) -> bool:
    """Return whether this is the listener's only connection, because it uses its socket."""
    return conn.below.datagram and not conn.below.layered


def _drop(conn: Conn, _: object) -> None:
    conn.drop()


async def _served(handler: Handler, conn: Conn) -> None:
    try:
        async with conn:
            await handler(conn)
    except Exception as error:  # noqa: BLE001 - asyncio's exception handler reports it
        asyncio.get_running_loop().call_exception_handler(
            {"message": f"the handler of {conn.peer} raised", "exception": error}
        )
