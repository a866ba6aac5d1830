"""The times after which a relay is over, and its other timers."""

from __future__ import annotations

from collections.abc import Callable

from ..core.deadline import Deadline
from ..core.endings import Endings
from ..core.errors import QuitTimeoutError
from ..transports.conn import Conn
from .idle import IdleTimer, idle_timeout
from .loop import Scheduler, Timer

#: Seconds between two readings of the meter.
READING = 0.1


class Clock:
    """What a relay waits for besides descriptors.

    Arguments:
        loop: calls back.
        remote: the connection; a datagram one has no end, so that time is its end.
        endings: the times.
        expired: called when a time is over, with the failure, if it is one.
    """

    def __init__(
        self,
        loop: Scheduler,
        remote: Conn,
        endings: Endings,
        expired: Callable[[Exception | None], None],
    ) -> None:
        #: When to leave after our input's end, at the latest.
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
            self._idle = IdleTimer(loop, endings.idle, self._idle_expired)

    def start(self, read_meter: Callable[[], None] | None = None) -> None:
        """Begin to watch for idleness, and to read the meter if there is one."""
        if self._idle is not None:
            self._idle.start()
        if read_meter is not None:
            self._timers.append(self._loop.call_every(READING, read_meter))

    def stop(self) -> None:
        """Call nothing any more."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        if self._idle is not None:
            self._idle.cancel()
        # It holds us: without this it would take the collector to part the two.
        self._expired = _tell_nobody

    def moved(self) -> None:
        """Something has moved."""
        if self._idle is not None:
            self._idle.reset()

    def input_over(self) -> None:
        """Our input has ended and is written."""
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
            self._idle = IdleTimer(self._loop, silence, self._answers_over)
            self._idle.start()

    def call_later(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call once, unless the relay is over before."""
        self._timers = [timer for timer in self._timers if timer.callback is not None]
        self._timers.append(self._loop.call_later(seconds, callback))

    def _quit(self) -> None:
        fails = self._endings.quit_fails
        peer = self._remote.peer
        self._expired(QuitTimeoutError("relay", peer, "no end in time") if fails else None)

    def _idle_expired(self) -> None:
        assert self._endings.idle is not None
        self._expired(idle_timeout(self._remote.peer, self._endings.idle))

    def _answers_over(self) -> None:
        self._expired(None)


def _tell_nobody(_failure: Exception | None) -> None:
    """It is over."""
