"""Find out whether a deadline may have passed because of the machine, not of the server.

If many cases are judged at a time, a correct server can wait for a processor longer than a short
deadline lasts. The system counts that time (Linux: schedstat). A scenario that may have failed for
this reason is run again with a longer deadline, and the second run decides.
"""

from __future__ import annotations

from .budget import waited

#: The part of a deadline that must have been lost for a second run; the second run's deadline is
#: longer by this multiple of the lost time, up to this many deadlines in total.
LEAST_PART, LOSSES_ADDED, MOST_DEADLINES = 0.25, 4, 5


class _Others:
    """The time that ended servers and clients of this process have waited for a processor."""

    seconds = 0.0


def note(seconds: float) -> None:
    """Add the time that a process started by this one has waited for a processor."""
    _Others.seconds += seconds


def held_up() -> float:
    """Return the seconds that this process and its ended children waited for a processor."""
    return waited() + _Others.seconds


def longer(deadline: float, lost: float, seconds: float) -> float | None:
    """Return the deadline of a second run; None if the first run was fair.

    Arguments:
        lost: the increase of held_up() during the first run.
        seconds: the duration of the first run: if it is shorter than the deadline, no deadline
            has passed.
    """
    if seconds < deadline or lost < LEAST_PART * deadline:
        return None
    return min(deadline + LOSSES_ADDED * lost, MOST_DEADLINES * deadline)
