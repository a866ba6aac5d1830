"""The time limits that end a relay, and its other timers."""

from __future__ import annotations

from ..core.deadline import Deadline
from ..core.endings import Endings
from ..core.errors import QuitTimeoutError
from ..core.typed import TYPE_CHECKING, Callable
from ..transports.conn import Conn
from .loop import Scheduler, Timer

if TYPE_CHECKING:
    from .idle import IdleTimer

#: Seconds between two readings of the meter.
READING = 0.1


class Clock:
    """The timers of a relay.

    Arguments:
        loop: runs the timers.
        remote: the connection. A datagram connection has no EOF, so only a time limit ends it.
        endings: the time limits.
        expired: called when a time limit is reached: with the error, or with None if it is not an
            error.
    """

    def __init__(
        self,
        loop: Scheduler,
        remote: Conn,
        endings: Endings,
        expired: Callable[[Exception | None], None],
    ) -> None:
        #: The latest time to end the relay after the end of our input.
        self.quit_at = Deadline(None)
        #: Whether all our input was sent.
        self.input_is_over = False
        self._loop = loop
        self._remote = remote
        self._endings = endings
        self._expired = expired
        self._timers: list[Timer] = []
        self._idle: IdleTimer | None = None
        if endings.idle is not None:
            self._idle = self._timer(endings.idle, self._idle_expired)

    def start(self, read_meter: Callable[[], None] | None = None) -> None:
        """Start the idle timer, and the timer that reads the meter if there is one."""
        if self._idle is not None:
            self._idle.start()
        if read_meter is not None:
            self._timers.append(self._loop.call_every(READING, read_meter))

    def stop(self) -> None:
        """Cancel all timers."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        if self._idle is not None:
            self._idle.cancel()
        # Break the reference cycle with the relay now, not in the garbage collector.
        self._expired = _tell_nobody

    def moved(self) -> None:
        """Record that bytes have moved."""
        if self._idle is not None:
            self._idle.reset()

    def input_over(self) -> None:
        """Start the timers that count from the end of our input; all of it was sent."""
        self.input_is_over = True
        if self._endings.quit_after is not None:
            self.quit_at = Deadline(self._endings.quit_after)
            self.call_later(self._endings.quit_after, self._quit)
        silence = self._endings.silence
        if silence is None and self._remote.datagram:
            silence = self._endings.answer_wait
        if silence is not None:
            if self._idle is not None:
                self._idle.cancel()
            self._idle = self._timer(silence, self._answers_over)
            self._idle.start()

    def call_later(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call once, unless the relay ends earlier."""
        self._timers = [timer for timer in self._timers if timer.callback is not None]
        self._timers.append(self._loop.call_later(seconds, callback))

    def _quit(self) -> None:
        fails = self._endings.quit_fails
        peer = self._remote.peer
        self._expired(QuitTimeoutError("relay", peer, "no end in time") if fails else None)

    def _timer(self, seconds: float, expired: Callable[[], None]) -> IdleTimer:
        from .idle import IdleTimer

        return IdleTimer(self._loop, seconds, expired)

    def _idle_expired(self) -> None:
        from .idle import idle_timeout

        assert self._endings.idle is not None
        self._expired(idle_timeout(self._remote.peer, self._endings.idle))

    def _answers_over(self) -> None:
        self._expired(None)


def _tell_nobody(_failure: Exception | None) -> None:
    """Ignore calls after the end."""
