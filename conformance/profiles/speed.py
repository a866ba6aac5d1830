"""Measure how fast a server answers, to skip clauses with much data that would take too long."""

from __future__ import annotations

import time

from ..clients.peer import Peer
from ..scenario.session import Session
from .data import some_lines

#: The number of exchanges, of which the fastest counts, because a loaded machine causes pauses; and
#: the factor by which the first one must be too slow to decide alone.
TRIES, SURELY = 3, 4

#: The bytes of an exchange for a measurement.
PIECE = 256 * 1024


class Speed:
    """The speed of an echo, as its exchanges show.

    Arguments:
        ahead: bytes that are to be exchanged later.
    """

    def __init__(self, session: Session, ahead: int) -> None:
        self._session = session
        self._ahead = ahead
        self._tries = 0
        self._fastest = 0.0

    def exchange(self, peer: Peer, data: bytes) -> bool:
        """Exchange data, and check whether the rest can be done in the remaining time.

        Raises Violation, and TooSlow if it cannot.
        """
        began = time.monotonic()
        peer.exchange(data, data, f"the echo of {len(data)} bytes")
        speed = len(data) / max(time.monotonic() - began, 1e-6)
        self._tries, self._fastest = self._tries + 1, max(self._fastest, speed)
        needed, left = self._ahead / self._fastest, self._session.budget.left
        if self._tries >= TRIES or needed > SURELY * left:
            self._session.budget.check_for(needed)
        return needed <= left


def check_speed(session: Session, ahead: int) -> None:
    """Use another client to find out whether this much data can be echoed in time.

    Raises TooSlow.
    """
    peer, speed = session.join("first"), Speed(session, ahead)
    while not speed.exchange(peer, some_lines(session, PIECE)):
        pass
    peer.leave(session.deadline)
