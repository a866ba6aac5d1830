"""Many clients of one server: one after the other, but several at a time if the server is slow."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ..clients.peer import Peer
from ..scenario.profile import StreamProfile
from ..scenario.session import Session
from .growth import BATCH

#: Seconds from which a server counts as slow, and the number of clients that are then served at
#: the same time. Serving one after the other would take minutes.
SLOW, TOGETHER = 0.1, 10

_Guest = TypeVar("_Guest")


class Crowd:
    """The clients of a requirement, batch after batch.

    Arguments:
        session: the one in which they connect.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._slow = session.line is not None

    def groups(self, batch: int) -> Iterator[list[Peer]]:
        """Yield the clients of a batch, in groups that are connected at the same time."""
        peers: list[Peer] = []
        names = (f"{batch}.{number}" for number in range(1, BATCH + 1))
        if self._session.one_at_a_time:
            for name in names:
                yield [self._session.join(name)]
            return
        # Each client is accepted before the next one connects.
        for name in iter(names if not self._slow else ()):
            began = time.monotonic()
            peers.append(self._session.join(name))
            if time.monotonic() - began > SLOW:
                self._slow = True
                break
        peers += self._arrive_together(names)
        self._session.let_accept()
        yield peers

    def _arrive_together(self, names: Iterable[str]) -> list[Peer]:
        """Connect all clients first, and then await the server's greeting for each.

        This saves time on a bad line, or if a server accepts clients on a timer.
        """
        session, peers = self._session, []
        for name in names:
            peers.append(session.connect(name))
            session.let_accept()
        profile = session.profile
        assert isinstance(profile, StreamProfile), profile.name
        at_a_time(len(peers), peers, lambda peer: profile.open(session, peer))
        return peers


def each(guests: Iterable[_Guest], visit: Callable[[_Guest], object]) -> None:
    """Run a function for each client, one after the other; several at a time if that is slow."""
    waiting = iter(guests)
    for guest in waiting:
        began = time.monotonic()
        visit(guest)
        if time.monotonic() - began > SLOW:
            break
    at_a_time(TOGETHER, waiting, visit)


def at_a_time(number: int, guests: Iterable[_Guest], visit: Callable[[_Guest], object]) -> None:
    """Run a function for this number of clients at a time. Raises the first error."""
    with ThreadPoolExecutor(max(1, number)) as pool:
        for _ in pool.map(visit, guests):
            pass
