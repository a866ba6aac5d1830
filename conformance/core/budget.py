"""How long one scenario may take with a server that answers rightly, but slowly.

Each awaited event has its deadline, and a scenario has thousands of events. What takes longer
than its budget is not judged, and the report says so: a slow server is not a broken one, and
a person waits for the verdict. What the machine's load takes is not the server's: where the system
tells how long this process has waited for a processor, that time does not count. Nor does what a
bad line takes (``--link``), which has a budget of its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from .traffic import Traffic
from .verdict import LineTooSlow, TooSlow

#: Deadlines that a scenario may take, and the fewest seconds, which a loaded machine needs.
DEADLINES, LEAST = 3, 30.0

#: How often the time counts for which this process waited for a processor: the server waited, too.
WAITERS = 2

#: How many times as long as the server the line may take; much data is not sent at all over one
#: that would take as long as the server may.
LINE_SHARE = 2

#: How what is said of a line begins.
TOO_SLOW_LINE = "the line is too slow"


class Budget:
    """The time of one scenario, which begins now.

    Arguments:
        seconds: how long it may take.
        traffic: what is under way on a bad line; None where there is none.
    """

    def __init__(self, seconds: float, traffic: Traffic | None = None) -> None:
        self.seconds = seconds
        self._traffic = traffic
        self._now = time.monotonic if traffic is None else traffic.now
        self._until = self._now() + seconds
        self._waited = waited()

    @property
    def left(self) -> float:
        """Seconds that are left; negative when it is over."""
        return self._left + self._left_of_line

    @property
    def _left(self) -> float:
        return self._until - self._now() + self._waited_since

    @property
    def _left_of_line(self) -> float:
        if self._traffic is None:
            return 0.0
        left = LINE_SHARE * self.seconds - self._traffic.spent
        return left if left > 0 else left + self._waited_since

    @property
    def _waited_since(self) -> float:
        return WAITERS * (waited() - self._waited)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """What the scenario waits for meanwhile, by its own choice, costs nothing."""
        began = self._now()
        try:
            yield
        finally:
            self._until += self._now() - began

    def check(self) -> None:
        """Raises TooSlow when it is over, LineTooSlow when the line has spent its own."""
        if self._now() > self._until and self._left < 0:
            raise TooSlow(self._told())
        if self._left_of_line < 0:
            raise LineTooSlow(self._told_of_line())

    def check_for(self, needed: float) -> None:
        """Raises one of the two when what comes next would need more seconds than are left."""
        if needed > self.left:
            if self._traffic is not None:
                raise LineTooSlow(self._told_of_line())
            raise TooSlow(self._told())

    def check_line(self, size: int) -> None:
        """Raises LineTooSlow when the line is too slow for so many bytes."""
        if self._traffic is not None and self._traffic.line.up.seconds_for(size) > self.seconds:
            raise LineTooSlow(f"{TOO_SLOW_LINE} ({self._traffic.line}) for {size} bytes")

    def _told_of_line(self) -> str:
        assert self._traffic is not None
        return (
            f"{TOO_SLOW_LINE} ({self._traffic.line}): "
            f"this takes more than {LINE_SHARE * self.seconds:g} s of it"
        )

    def _told(self) -> str:
        return (
            f"the server is too slow: this takes more than {self.seconds:g} s "
            f"({DEADLINES} times --deadline)"
        )


def waited() -> float:
    """Seconds for which this process could have run, and had no processor (Linux)."""
    try:
        with open("/proc/self/schedstat", "rb") as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


def budget(deadline: float, ends_by_itself: bool = False, traffic: Traffic | None = None) -> Budget:
    """The budget of a scenario.

    Arguments:
        ends_by_itself: the server says when a connection ends, and a scenario has to wait for it.
        traffic: as a Budget's.
    """
    seconds = max(DEADLINES * deadline, LEAST)
    return Budget(seconds * 3 if ends_by_itself else seconds, traffic)
