"""A WebSocket under asyncio: messages, beside the methods of streams."""

from __future__ import annotations

from types import EllipsisType

from ..core.deadline import Deadline
from ..core.typed import TYPE_CHECKING
from ..transports.websocket import WebSocketConn as BlockingWebSocket
from .conn import StreamConn

if TYPE_CHECKING:
    from ..layers.websocket_handshake import Agreed


class WebSocketConn(StreamConn):
    """A connection over a WebSocket.

    Pings are answered only during a call that receives.

    Arguments:
        conn: owned by this object.
    """

    def __init__(self, conn: BlockingWebSocket) -> None:
        super().__init__(conn)
        self._messages = conn

    @property
    def agreed(self) -> Agreed:
        """The result of the handshake."""
        return self._messages.agreed

    async def recv_message(self, timeout: float | EllipsisType | None = ...) -> str | bytes | None:
        """Return the next message, text as a str; None at the end in order.

        Raises OSError; WebSocketFailure, with the ``code``, for another close; TimeoutError.
        """
        deadline = self._deadline(timeout)
        with self._alone():
            while True:
                await self._waits.give_way()
                try:
                    return self._messages.recv_message()
                except BlockingIOError:
                    await self._waits.readable(self._messages.read_fds(), deadline)

    async def send_message(
        self, message: str | bytes, timeout: float | EllipsisType | None = ...
    ) -> None:
        """Send a message, text or binary. Raises OSError; how much was sent is unknown then."""
        deadline = self._deadline(timeout)
        async with self._sending:
            with self._whole():
                try:
                    self._messages.send_message(message)
                except BlockingIOError:
                    await self._flush(deadline)

    async def ping(self, timeout: float | EllipsisType | None = ...) -> None:
        """Send a ping; a call that receives fails if the last one was not answered."""
        deadline = self._deadline(timeout)
        async with self._sending:
            with self._whole():
                self._messages.ping()
                await self._flush(deadline)

    async def _flush(self, deadline: Deadline) -> None:
        while True:
            try:
                self._messages.flush()
                return
            except BlockingIOError:
                await self._waits.writable(self._messages.write_fd(), deadline)
