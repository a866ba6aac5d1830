"""How long one scenario may take with a server that answers rightly, but slowly.

Each awaited event has its deadline, and a scenario has thousands of events. What takes longer
than its budget is not judged, and the report says so: a slow server is not a broken one, and
a person waits for the verdict.
"""

from __future__ import annotations

import time

from .verdict import TooSlow

#: Deadlines that a scenario may take, and the fewest seconds, which a loaded machine needs.
DEADLINES, LEAST = 3, 30.0


class Budget:
    """The time of one scenario, which begins now.

    Arguments:
        seconds: how long it may take.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._until = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left; negative when it is over."""
        return self._until - time.monotonic()

    def check(self) -> None:
        """Raises TooSlow when it is over."""
        if self.left < 0:
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


def budget(deadline: float, ends_by_itself: bool = False) -> Budget:
    """The budget of a scenario.

    Arguments:
        ends_by_itself: the server says when a connection ends, and a scenario has to wait for it.
    """
    seconds = max(DEADLINES * deadline, LEAST)
    return Budget(seconds * 3 if ends_by_itself else seconds)
