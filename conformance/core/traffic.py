"""The data in transit on a bad line, and a clock that stops while there is any.

Time on the line is not the server's time: this clock measures waits for the server, expected
silences and the budget of a scenario. Only the line's own thread updates the counters; other
threads read them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from .line import UP, Line

#: Seconds between two checks whether everything has arrived.
_INTERVAL = 0.002


def now(traffic: Traffic | None) -> float:
    """Return the time in seconds, without the time in which a line (if any) carried data."""
    return time.monotonic() if traffic is None else traffic.now()


class Waiting(Protocol):
    """The data that waits in the sockets of a connection (targets/queues.py)."""

    @property
    def unread(self) -> int:
        """The number of bytes that the server has not read."""


class Passage:
    """One direction of one connection: the numbers of pieces that have entered and left it.

    Arguments:
        way: UP or DOWN.
    """

    def __init__(self, traffic: Traffic, way: str) -> None:
        self.way = way
        self.sent = self.gone = 0
        self._traffic = traffic

    def entered(self) -> None:
        """Record that one more piece is in transit."""
        self.sent += 1
        self._traffic.began(self)

    def left(self, pieces: int = 1) -> None:
        """Record that this many pieces have arrived, or are lost with their connection."""
        self.gone += pieces
        self._traffic.ended(self)


class Traffic:
    """Everything that one line carries, for all clients of a scenario.

    Arguments:
        line: the settings of the line.
    """

    def __init__(self, line: Line) -> None:
        self.line = line
        #: Makes the line's thread read what the clients have written.
        self.take_in: Callable[[], None] = lambda: None
        #: Returns the data that waits between the line and the server, for the name of a client's
        #: socket; None if that is not known.
        self.queues: Callable[[object], Waiting | None] = lambda _name: None
        #: Whether data that a client sent at once arrived in pieces; and whether something that a
        #: client did, not in response to the server's end, arrived after the server had ended the
        #: connection.
        self.has_cut = self.has_crossed = False
        #: The passages that have pieces in transit.
        self._busy: set[Passage] = set()
        #: The seconds of past periods with data in transit, and the start of the current period;
        #: None if nothing is in transit.
        self._state: tuple[float, float | None] = 0.0, None
        self._idle_since = time.monotonic()

    def began(self, passage: Passage) -> None:
        """Record that a piece has entered the passage."""
        self._busy.add(passage)
        spent, since = self._state
        if since is None:
            self._state = spent, time.monotonic()

    def ended(self, passage: Passage) -> None:
        """Record that pieces have left the passage."""
        if passage.gone == passage.sent:
            self._busy.discard(passage)
        spent, since = self._state
        if since is not None and not self._busy:
            self._idle_since = time.monotonic()
            self._state = spent + self._idle_since - since, None

    @property
    def spent(self) -> float:
        """The seconds in which something was in transit."""
        spent, since = self._state
        return spent if since is None else spent + time.monotonic() - since

    def now(self) -> float:
        """Return the time in seconds, without the time in which something was in transit."""
        return time.monotonic() - self.spent

    def lacks(self, need: str) -> bool:
        """Return whether the line has failed, so far, to meet a clause's need (line.NEEDS)."""
        missing = {
            "time": not self.line.keeps_time,
            "together": self.has_cut,
            "in-time": self.has_crossed,
        }
        return missing[need]

    def quiet_since(self) -> float:
        """Return the time.monotonic() since which nothing is in transit; now if something is."""
        self.take_in()
        idle_since = self._idle_since
        return idle_since if self._state[1] is None else time.monotonic()

    def arrived(self, within: float) -> bool:
        """Wait until the server has everything that the clients have sent so far.

        Arguments:
            within: seconds after which to give up.
        Returns whether everything has arrived.
        """
        self.take_in()
        until = time.monotonic() + within
        # If several threads send, something is always in transit: wait only for earlier pieces.
        awaited = [(one, one.sent) for one in self._busy.copy() if one.way == UP]
        while (awaited := [(one, sent) for one, sent in awaited if one.gone < sent]) and (
            time.monotonic() < until
        ):
            time.sleep(_INTERVAL)
        return not awaited
