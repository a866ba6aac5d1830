"""Relaying under asyncio: bytes between two connections, both ways, with their ends."""

from __future__ import annotations

import asyncio

from ..core.broken import broken
from ..core.errors import IdleTimeoutError
from ..engine.pipeline import Moved
from .conn import Conn, StreamConn


async def relay(a: Conn, b: Conn, *, idle: float | None = None) -> Moved:
    """Move bytes between two connections, both ways, until both directions have ended.

    EOF is passed on where the other side can be half-closed.

    Arguments:
        a: one connection; both stay open.
        b: the other.
        idle: seconds without a byte after which to stop with an error; None: never.
    Returns the bytes moved from ``a`` to ``b`` and back. Raises RelayError.
    """
    activity = _Activity(idle)
    there = asyncio.create_task(_move(a, b, activity))
    back = asyncio.create_task(_move(b, a, activity))
    both = asyncio.gather(there, back)
    watching = asyncio.create_task(activity.wait_until_idle())
    try:
        both_or_idle: set[asyncio.Future[object]] = {both, watching}  # type: ignore[arg-type]
        await asyncio.wait(both_or_idle, return_when="FIRST_COMPLETED")
        if not both.done():
            raise IdleTimeoutError("relay", b.peer, f"idle for {idle:g} s")
        return Moved(*both.result())
    finally:
        for task in (there, back, watching):
            task.cancel()
        await asyncio.gather(there, back, watching, both, return_exceptions=True)


class _Activity:
    """The time of the last movement, in any direction.

    Arguments:
        idle: the allowed seconds without a byte; None: no limit.
    """

    def __init__(self, idle: float | None) -> None:
        self._idle = idle
        self._now = asyncio.get_running_loop().time
        self.moved()

    def moved(self) -> None:
        """Record that bytes have moved."""
        self._last = self._now()

    async def wait_until_idle(self) -> None:
        """Wait until nothing has moved for the allowed time."""
        if self._idle is None:
            await asyncio.get_running_loop().create_future()
            return
        while (remaining := self._last + self._idle - self._now()) > 0:
            await asyncio.sleep(remaining)


async def _move(source: Conn, sink: Conn, activity: _Activity) -> int:
    moved = 0
    while data := await _received(source):
        activity.moved()
        try:
            await sink.send_all(data, timeout=None)
        except OSError as error:
            raise broken(sink.peer, error) from None
        activity.moved()
        moved += len(data)
    if isinstance(sink, StreamConn):
        try:
            await sink.send_eof(timeout=None)
        except OSError as error:
            raise broken(sink.peer, error) from None
    return moved


async def _received(source: Conn) -> bytes:
    try:
        return await source.recv(timeout=None)
    except OSError as error:
        raise broken(source.peer, error) from None
