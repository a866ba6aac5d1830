"""A limit of the work that is done for one client before the others are served.

Used with Loop.call_in_turn: a client whose turn is over continues in its next turn.
"""

from __future__ import annotations

import time

#: Seconds of work.
TURN = 0.0005


class Turn:
    """The time limit for the work that is done for one client without a pause."""

    def __init__(self) -> None:
        self._until = 0.0

    def begin(self) -> None:
        """Start a turn now."""
        self._until = time.monotonic() + TURN

    def is_over(self) -> bool:
        """Return whether the turn is over, so that the others are served first."""
        return time.monotonic() > self._until
