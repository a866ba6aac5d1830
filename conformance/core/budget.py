"""The time budget of one scenario, for a server that answers correctly but slowly.

Each awaited event has its deadline, and a scenario may have thousands of events. A scenario that
takes longer than its budget is not judged, and the report says so: a slow server is not a broken
one, and a person waits for the verdict. The machine's load is not the server's fault: where the
system tells how long this process has waited for a processor, that time does not count. The time
on a bad line (``--link``) does not count either; the line has its own budget.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from .traffic import Traffic
from .verdict import LineTooSlow, TooSlow

#: A budget in deadlines, and the shortest budget in seconds, for a loaded machine.
DEADLINES, LEAST = 3, 30.0

#: The factor for the time that this process waited for a processor: the server waited as well.
WAITERS = 2

#: The line's budget, as a multiple of the server's. Large data is not sent at all if the line alone
#: would need the server's whole budget for it.
LINE_SHARE = 2

#: The beginning of a message about a line.
TOO_SLOW_LINE = "the line is too slow"


class Budget:
    """The time budget of one scenario, which begins now.

    Arguments:
        seconds: how long the scenario may take.
        traffic: the traffic on a bad line; None if there is no such line.
    """

    def __init__(self, seconds: float, traffic: Traffic | None = None) -> None:
        self.seconds = seconds
        self._traffic = traffic
        self._now = time.monotonic if traffic is None else traffic.now
        self._until = self._now() + seconds
        self._waited = waited()

    @property
    def left(self) -> float:
        """The seconds that are left; negative when the budget is spent."""
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
        """Stop the clock while the scenario waits by its own choice."""
        began = self._now()
        try:
            yield
        finally:
            self._until += self._now() - began

    def check(self) -> None:
        """Raise TooSlow if the budget is spent, LineTooSlow if the line's own budget is spent."""
        if self._now() > self._until and self._left < 0:
            raise TooSlow(self._told())
        if self._left_of_line < 0:
            raise LineTooSlow(self._told_of_line())

    def check_for(self, needed: float) -> None:
        """Raise TooSlow or LineTooSlow if the next step needs more seconds than are left."""
        if needed > self.left:
            if self._traffic is not None:
                raise LineTooSlow(self._told_of_line())
            raise TooSlow(self._told())

    def check_line(self, size: int) -> None:
        """Raise LineTooSlow if the line is too slow for this many bytes."""
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
    """Return the seconds that this process was ready to run but had no processor (Linux)."""
    try:
        with open("/proc/self/schedstat", "rb") as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


def budget(deadline: float, ends_by_itself: bool = False, traffic: Traffic | None = None) -> Budget:
    """Return the budget of a scenario.

    Arguments:
        ends_by_itself: the server decides when a connection ends, and a scenario waits for that.
        traffic: the traffic on a bad line; None if there is no such line.
    """
    seconds = max(DEADLINES * deadline, LEAST)
    return Budget(seconds * 3 if ends_by_itself else seconds, traffic)
