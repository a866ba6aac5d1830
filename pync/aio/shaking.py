"""A listener under asyncio whose connections begin with a handshake: TLS, DTLS, WebSocket.

Handshakes run side by side, each in its own task.

The client whose handshake ends first is returned next. A silent client does not delay others.
"""

from __future__ import annotations

import asyncio
from collections import deque

from ..core.broken import over_tls
from ..core.deadline import Deadline
from ..core.errors import ListenError, TlsError
from ..core.typed import TYPE_CHECKING
from ..transports.listener import Listener as BlockingListener
from ..transports.tls.accept import AT_ONCE
from .dialling import shake_hands
from .listening import Listener

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..core.address import Address
    from ..transports.tls.accept import Steps


class ShakingListener(Listener):
    """A listener whose connections begin with a handshake.

    Arguments:
        listener: accepts connections without it; owned by this object.
        begin: begins the handshake with a connection, which it then owns.
        named: returns a connection with the addresses to show.
        shown: returns the address to show for one of ``listener``.
    """

    def __init__(
        self,
        listener: BlockingListener,
        begin: Callable[[Any], Steps],
        named: Callable[[Any], Any],
        shown: Callable[[Address], Address],
    ) -> None:
        super().__init__(listener)
        self.addresses = [shown(one) for one in listener.addresses]
        self._begin = begin
        self._named = named
        self._shaking: dict[asyncio.Task[None], Any] = {}
        #: The connections, and the errors of failed handshakes.
        self._outcomes: deque[Any] = deque()
        self._arrived = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None

    def close(self) -> None:
        """Stop listening; an accept() of another task ends. Idempotent."""
        super().close()
        for task in (self._pump, *self._shaking):
            if task is not None:
                task.cancel()
        while self._outcomes:
            outcome = self._outcomes.popleft()
            if not isinstance(outcome, Exception):
                outcome.drop()
        self._arrived.set()

    async def take(self, deadline: Deadline) -> Any:
        """Return the next connection whose handshake is over. Raises ListenError, and the
        error of a handshake (TlsError, WebSocketError).
        """
        self._check_open()
        if self._pump is None:
            self._pump = asyncio.create_task(self._accept_all())
        while not self._outcomes:
            self._arrived.clear()
            try:
                await asyncio.wait_for(self._arrived.wait(), deadline.remaining)
            except asyncio.TimeoutError:
                raise ListenError("accept", self.address, "timed out") from None
            self._check_open()
        outcome = self._outcomes.popleft()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def _accept_all(self) -> None:
        while True:
            try:
                conn = await self._take_plain(Deadline(None))
            except ListenError as error:
                self._pump = None
                self._settle(error)
                return
            if len(self._shaking) >= AT_ONCE:
                next(iter(self._shaking)).cancel()
            task = asyncio.create_task(self._shake(conn))
            self._shaking[task] = conn
            task.add_done_callback(self._ended)

    async def _shake(self, conn: Any) -> None:
        outcome: Any
        try:
            outcome = self._named(await shake_hands(conn, self._begin(conn), Deadline(None)))
        except Exception as error:  # noqa: BLE001 - any error that a client's bytes can cause
            outcome = error
        self._settle(outcome)

    def _ended(self, task: asyncio.Task[None]) -> None:
        conn = self._shaking.pop(task)
        if task.cancelled():
            # It was cancelled for a newer client, or the listener was closed. A task that is
            # cancelled before it begins runs none of its code, so it has not closed the connection.
            conn.drop()
            too_many = TlsError("accept", over_tls(conn.peer), "too many handshakes at once")
            self._settle(too_many)

    def _settle(self, outcome: Any) -> None:
        if not self.closed:
            self._outcomes.append(outcome)
            self._arrived.set()
        elif not isinstance(outcome, Exception):
            outcome.drop()
