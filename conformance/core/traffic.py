"""What is under way on a bad line, and the clock that stands still meanwhile.

What the line takes is not the server's time: a wait for the server, a silence that is awaited and
the budget of a scenario are measured by this clock. The line's own thread counts; others read.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from .line import DOWN, UP, Line

#: Seconds between two looks at whether all has arrived.
_INTERVAL = 0.002


def now(traffic: Traffic | None) -> float:
    """The time in seconds, without that in which a line, if there is one, carried something."""
    return time.monotonic() if traffic is None else traffic.now()


class Traffic:
    """Everything that one line carries, for all clients of a scenario.

    Arguments:
        line: what it does.
    """

    def __init__(self, line: Line) -> None:
        self.line = line
        #: Has the line's thread take in what the clients have written.
        self.take_in: Callable[[], None] = lambda: None
        self._counts = {UP: 0, DOWN: 0}
        #: Seconds that are over in which something was under way, and since when it is again.
        self._state: tuple[float, float | None] = 0.0, None
        self._idle_since = time.monotonic()

    def entered(self, way: str) -> None:
        """One more piece is under way."""
        self._counts[way] += 1
        spent, since = self._state
        if since is None:
            self._state = spent, time.monotonic()

    def left(self, way: str, pieces: int = 1) -> None:
        """So many pieces have arrived, or are lost with their connection."""
        self._counts[way] -= pieces
        spent, since = self._state
        if since is not None and not any(self._counts.values()):
            self._idle_since = time.monotonic()
            self._state = spent + self._idle_since - since, None

    @property
    def spent(self) -> float:
        """Seconds in which something was under way."""
        spent, since = self._state
        return spent if since is None else spent + time.monotonic() - since

    def now(self) -> float:
        """The time in seconds, without that in which something was under way."""
        return time.monotonic() - self.spent

    def quiet_since(self) -> float:
        """Since when nothing is under way, as time.monotonic() tells it; now if something is."""
        self.take_in()
        idle_since = self._idle_since
        return idle_since if self._state[1] is None else time.monotonic()

    def arrived(self, within: float) -> None:
        """Wait until all that the clients have sent is with the server; no verdict depends on it.

        Arguments:
            within: seconds after which to give up.
        """
        self.take_in()
        until = time.monotonic() + within
        while self._counts[UP] and time.monotonic() < until:
            time.sleep(_INTERVAL)
