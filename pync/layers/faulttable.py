"""The faults that are switched on, and which of them a connection has. No clock, no I/O.

Each fault of each connection has a random generator from the seed and both numbers: the same seed
affects the same connections, independent of the order of other events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random

from ..core.fault import CONNECTIONS, Fault
from ..core.typed import NamedTuple


class SwitchedOn(NamedTuple):
    """A fault that is on: its number, and when it was switched on (seconds on any clock)."""

    number: int
    fault: Fault
    at: float

    def is_active(self, now: float) -> bool:
        """Return whether its window is open."""
        return self.fault.since <= now - self.at < self.fault.until

    def edges(self) -> list[float]:
        """Return the times at which its window opens and closes."""
        return [self.at + self.fault.since, self.at + self.fault.until]


class FaultTable:
    """The faults of a link.

    Arguments:
        faults: the faults at the start.
        seed: the seed of all random generators.
        now: seconds, on the clock that is used for all calls.
    """

    def __init__(self, faults: Sequence[Fault], seed: int, now: float) -> None:
        self.seed = seed
        self._on: dict[int, SwitchedOn] = {}
        self._next = 1
        #: Called when a fault was added or removed.
        self.changed: Callable[[], None] | None = None
        for fault in faults:
            self.add(fault, now)

    def __iter__(self) -> Iterator[SwitchedOn]:
        return iter(list(self._on.values()))

    def __bool__(self) -> bool:
        return bool(self._on)

    def add(self, fault: Fault, now: float) -> int:
        """Switch a fault on; return its number."""
        number, self._next = self._next, self._next + 1
        self._on[number] = SwitchedOn(number, fault, now)
        self._tell()
        return number

    def remove(self, number: int) -> Fault:
        """Switch a fault off. Raises KeyError when no fault has the number."""
        gone = self._on.pop(number).fault
        self._tell()
        return gone

    def clear(self) -> None:
        """Switch all faults off."""
        self._on.clear()
        self._tell()

    def of(self, connection: int, way: str, place: str) -> list[SwitchedOn]:
        """Return the faults of one direction of one connection.

        Arguments:
            connection: the connection's number.
            way: ``up`` or ``down``.
            place: ``streams``, ``datagrams`` or ``connections``.
        """
        return [
            one
            for one in self._on.values()
            if way in one.fault.ways and one.fault.is_for(place) and self._hits(one, connection)
        ]

    def refuses(self, connection: int, now: float) -> bool:
        """Return whether a new client is refused."""
        return any(
            one.is_active(now)
            and self._hits(one, connection)
            and Random(f"{self.seed}/{one.number}/{connection}/refuse").random() < one.fault.amount
            for one in self._on.values()
            if one.fault.is_for(CONNECTIONS)
        )

    def random(self, one: SwitchedOn, connection: int, way: str) -> Random:
        """Return the random generator of a fault in one direction of one connection."""
        return Random(f"{self.seed}/{one.number}/{connection}/{way}")

    def _hits(self, one: SwitchedOn, connection: int) -> bool:
        share = one.fault.share
        return share >= 1 or Random(f"{self.seed}/{one.number}/{connection}").random() < share

    def _tell(self) -> None:
        if self.changed is not None:
            self.changed()
