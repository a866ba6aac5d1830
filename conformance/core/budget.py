"""How long one scenario may take with a server that answers rightly, but slowly.

Each awaited event has its deadline, and a scenario has thousands of events. What takes longer
than its budget is not judged, and the report says so: a slow server is not a broken one, and
a person waits for the verdict. What the machine's load takes is not the server's: where the system
tells how long this process has waited for a processor, that time does not count.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from .verdict import TooSlow

#: Deadlines that a scenario may take, and the fewest seconds, which a loaded machine needs.
DEADLINES, LEAST = 3, 30.0

#: How often the time counts for which this process waited for a processor: the server waited, too.
WAITERS = 2


class Budget:
    """The time of one scenario, which begins now.

    Arguments:
        seconds: how long it may take.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until = time.monotonic() + seconds
        self._waited = waited()

    @property
    def left(self) -> float:
        """Seconds that are left; negative when it is over."""
        return self._until - time.monotonic() + WAITERS * (waited() - self._waited)

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """What the scenario waits for meanwhile, by its own choice, costs nothing."""
        began = time.monotonic()
        try:
            yield
        finally:
            self._until += time.monotonic() - began

    def check(self) -> None:
        """Raises TooSlow when it is over."""
        if time.monotonic() > self._until and self.left < 0:
            raise TooSlow(self._told())

    def check_for(self, needed: float) -> None:
        """Raises TooSlow when what comes next would need more seconds than are left."""
        if needed > self.left:
            raise TooSlow(self._told())

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


def budget(deadline: float, ends_by_itself: bool = False) -> Budget:
    """The budget of a scenario.

    Arguments:
        ends_by_itself: the server says when a connection ends, and a scenario has to wait for it.
    """
    seconds = max(DEADLINES * deadline, LEAST)
    return Budget(seconds * 3 if ends_by_itself else seconds)
