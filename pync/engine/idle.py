"""Noticing that nothing has happened for a while: one timer for every idle time of pync."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..core.errors import IdleTimeoutError
from .loop import Scheduler, Timer


class IdleTimer:
    """Calls back when nothing has happened for so many seconds.

    What happens costs a look at the clock and does not touch the loop's timers: the one that
    is due waits again for the time that is left.

    Arguments:
        loop: calls back.
        seconds: None: never.
        expired: called once for each start().
        last: says when something has happened last (time.monotonic), where that is noted
            elsewhere; without it reset() notes it.
    """

    __slots__ = (
        "_expired",
        "_last",
        "_loop",
        "_seconds",
        "_timer",
        "active_at",
    )

    def __init__(
        self,
        loop: Scheduler,
        seconds: float | None,
        expired: Callable[[], None],
        last: Callable[[], float] | None = None,
    ) -> None:
        #: When something has happened last.
        self.active_at = time.monotonic()
        self._loop = loop
        self._seconds = seconds
        self._expired = expired
        self._last = last
        self._timer: Timer | None = None

    def start(self) -> None:
        """Count from now on, or from what ``last`` says; one that counts already begins anew."""
        self.reset()
        if self._seconds is not None and self._timer is None:
            self._timer = self._loop.call_later(self._left(self._seconds), self._look)

    def reset(self) -> None:
        """Something has happened."""
        self.active_at = time.monotonic()

    def cancel(self) -> None:
        """Do not call any more; idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        # They hold the user of this: without it, it would take the collector to part the two.
        self._expired, self._last = _ignore, None

    def _left(self, seconds: float) -> float:
        active_at = self.active_at if self._last is None else self._last()
        return max(0.0, active_at + seconds - time.monotonic())

    def _look(self) -> None:
        assert self._seconds is not None
        left = self._left(self._seconds)
        self._timer = self._loop.call_later(left, self._look) if left else None
        if self._timer is None:
            self._expired()


def idle_timeout(peer: object, seconds: float) -> IdleTimeoutError:
    """What to report of a connection that was idle for so long."""
    return IdleTimeoutError("relay", peer, f"idle for {seconds:g} s")


def _ignore() -> None:
    """It is over."""
