"""A bound on the work that is done for one client before the others are served.

With Loop.call_in_turn: a client whose turn is over goes on in its next one.
"""

from __future__ import annotations

import time

#: Seconds of work.
TURN = 0.0005


class Turn:
    """How long one client has been worked for without a pause."""

    def __init__(self) -> None:
        self._until = 0.0

    def begin(self) -> None:
        """It begins now."""
        self._until = time.monotonic() + TURN

    def is_over(self) -> bool:
        """Return whether the others have to be served first."""
        return time.monotonic() > self._until
