"""A TLS listener under asyncio: handshakes run side by side, each in its own task.

The client whose handshake ends first is returned next. A silent client does not delay others.
"""

from __future__ import annotations

import asyncio
import ssl
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
    from typing import Any


class TlsListener(Listener):
    """A listener whose connections are secured.

    Arguments:
        listener: accepts connections without TLS; owned by this object.
        context: a server's context.
    """

    def __init__(self, listener: BlockingListener, context: ssl.SSLContext) -> None:
        super().__init__(listener)
        self.addresses = [one._replace(scheme="tls") for one in listener.addresses]
        self._context = context
        self._shaking: dict[asyncio.Task[None], object] = {}
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
        """Return the next connection whose handshake is over. Raises ListenError, TlsError."""
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
            task.add_done_callback(self._shaking.pop)

    async def _shake(self, conn: Any) -> None:
        outcome: Any
        try:
            outcome = await shake_hands(conn, self._context, Deadline(None), server_side=True)
        except asyncio.CancelledError:
            # Cancelled for a newer client, or the listener was closed.
            outcome = TlsError("accept", over_tls(conn.peer), "too many handshakes at once")
        except Exception as error:  # noqa: BLE001 - any error that a client's bytes can cause
            outcome = error
        self._settle(outcome)

    def _settle(self, outcome: Any) -> None:
        if not self.closed:
            self._outcomes.append(outcome)
            self._arrived.set()
        elif not isinstance(outcome, Exception):
            outcome.drop()
