"""What is under way on a bad line, and the clock that stands still meanwhile.

What the line takes is not the server's time: a wait for the server, a silence that is awaited and
the budget of a scenario are measured by this clock. The line's own thread counts; others read.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from .line import UP, Line

#: Seconds between two looks at whether all has arrived.
_INTERVAL = 0.002


def now(traffic: Traffic | None) -> float:
    """The time in seconds, without that in which a line, if there is one, carried something."""
    return time.monotonic() if traffic is None else traffic.now()


class Waiting(Protocol):
    """What waits in the sockets of a connection (targets/queues.py)."""

    @property
    def unread(self) -> int:
        """Bytes that the server has not read."""


class Passage:
    """One direction of one connection: how many pieces have entered it, and have left it.

    Arguments:
        way: UP or DOWN.
    """

    def __init__(self, traffic: Traffic, way: str) -> None:
        self.way = way
        self.sent = self.gone = 0
        self._traffic = traffic

    def entered(self) -> None:
        """One more piece is under way."""
        self.sent += 1
        self._traffic.began(self)

    def left(self, pieces: int = 1) -> None:
        """So many pieces have arrived, or are lost with their connection."""
        self.gone += pieces
        self._traffic.ended(self)


class Traffic:
    """Everything that one line carries, for all clients of a scenario.

    Arguments:
        line: what it does.
    """

    def __init__(self, line: Line) -> None:
        self.line = line
        #: Has the line's thread take in what the clients have written.
        self.take_in: Callable[[], None] = lambda: None
        #: What waits between the line and the server, for the name of a client's socket; None where
        #: that is not known.
        self.queues: Callable[[object], Waiting | None] = lambda _name: None
        #: Whether something that a client sent at once arrived in pieces, and whether something
        #: that it did arrived after the server had ended the connection, and was no answer to that.
        self.has_cut = self.has_crossed = False
        #: The passages in which something is under way.
        self._busy: set[Passage] = set()
        #: Seconds that are over in which something was under way, and since when it is again.
        self._state: tuple[float, float | None] = 0.0, None
        self._idle_since = time.monotonic()

    def began(self, passage: Passage) -> None:
        """Something is under way in it."""
        self._busy.add(passage)
        spent, since = self._state
        if since is None:
            self._state = spent, time.monotonic()

    def ended(self, passage: Passage) -> None:
        """Something that was under way in it has arrived."""
        if passage.gone == passage.sent:
            self._busy.discard(passage)
        spent, since = self._state
        if since is not None and not self._busy:
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

    def lacks(self, need: str) -> bool:
        """Whether the line has not been, so far, what a clause needs (line.NEEDS)."""
        missing = {
            "time": not self.line.keeps_time,
            "together": self.has_cut,
            "in-time": self.has_crossed,
        }
        return missing[need]

    def quiet_since(self) -> float:
        """Since when nothing is under way, as time.monotonic() tells it; now if something is."""
        self.take_in()
        idle_since = self._idle_since
        return idle_since if self._state[1] is None else time.monotonic()

    def arrived(self, within: float) -> bool:
        """Wait until all that the clients have sent by now is with the server.

        Arguments:
            within: seconds after which to give up.
        Returns whether it is.
        """
        self.take_in()
        until = time.monotonic() + within
        # Where several threads talk, something is always under way.
        awaited = [(one, one.sent) for one in self._busy.copy() if one.way == UP]
        while (awaited := [(one, sent) for one, sent in awaited if one.gone < sent]) and (
            time.monotonic() < until
        ):
            time.sleep(_INTERVAL)
        return not awaited
