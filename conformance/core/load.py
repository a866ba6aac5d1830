"""Whether a deadline may have passed because of the machine, and not of the server.

Where many are judged at a time, a right server can wait for a processor longer than a short
deadline lasts. The system keeps account of that (Linux: schedstat); a scenario that has failed so
is played once more with a longer deadline, and what comes of that is the verdict.
"""

from __future__ import annotations

from .budget import waited

#: The part of a deadline that must have been lost, and what a second trial adds: so many times
#: what was lost, up to so many deadlines.
LEAST_PART, LOSSES_ADDED, MOST_DEADLINES = 0.25, 4, 5


class _Others:
    """What servers and clients have waited that this process has started, up to their end."""

    seconds = 0.0


def note(seconds: float) -> None:
    """A process that we have started has waited so long for a processor."""
    _Others.seconds += seconds


def held_up() -> float:
    """Seconds for which this process and what it has started and ended had no processor."""
    return waited() + _Others.seconds


def longer(deadline: float, lost: float, seconds: float) -> float | None:
    """The deadline of a second trial; None where the first was a fair one.

    Arguments:
        lost: what held_up() has counted meanwhile.
        seconds: how long it took: in less than a deadline none has passed.
    """
    if seconds < deadline or lost < LEAST_PART * deadline:
        return None
    return min(deadline + LOSSES_ADDED * lost, MOST_DEADLINES * deadline)
