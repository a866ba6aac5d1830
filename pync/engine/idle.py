"""The timer for every idle time-out of pync."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..core.errors import IdleTimeoutError
from .loop import Scheduler, Timer


class IdleTimer:
    """A timer that calls back when there was no activity for so many seconds.

    Activity costs one reading of the clock and does not touch the loop's timers: when the loop's
    timer fires, it is set again for the time that is left.

    Arguments:
        loop: runs the timer.
        seconds: the idle time; None: never call back.
        expired: called once for each start().
        last: returns the time of the last activity (time.monotonic), where other code records
            it; without it, reset() does.
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
        #: The time of the last activity that reset() recorded.
        self.active_at = time.monotonic()
        self._loop = loop
        self._seconds = seconds
        self._expired = expired
        self._last = last
        self._timer: Timer | None = None

    def start(self) -> None:
        """Count from now, or from the time of ``last``; a running timer starts again."""
        self.reset()
        if self._seconds is not None and self._timer is None:
            self._timer = self._loop.call_later(self._left(self._seconds), self._look)

    def reset(self) -> None:
        """Record that there was activity now."""
        self.active_at = time.monotonic()

    def cancel(self) -> None:
        """Stop the timer; idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        # Break the reference cycle with the owner now, not in the garbage collector.
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
    """Return the error for a connection that was idle for so long."""
    return IdleTimeoutError("relay", peer, f"idle for {seconds:g} s")


def _ignore() -> None:
    """Ignore calls after the end."""
