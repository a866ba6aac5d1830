"""One direction of one connection over a faulty line: what arrives, and when. Sans-I/O.

The bytes read on one side are put in (``put``, ``end``); the bytes to write on the other side
are returned when their time has come (``take``). This module has no clock: every call gets the
time (seconds, on the clock of the table of faults). Random choices are made for each byte of the
stream, independent of the reads: the same seed changes the same bytes.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from enum import Enum

from ..core.fault import BYTES, SECONDS
from ..core.typed import TYPE_CHECKING
from .noise import Noise

if TYPE_CHECKING:
    from random import Random

    from .faulttable import SwitchedOn


class Ending(Enum):
    """How a direction ends."""

    FIN = "FIN"
    #: FIN, and the other direction is not read any more, as after close(2).
    CLOSE = "close"
    RST = "RST"


#: What ``take`` returns: the bytes of one write, or the end of the direction.
Item = bytes | Ending

#: The least and the most bytes on the way; a slow line holds those of so many seconds.
LEAST_ROOM, MOST_ROOM, ROOM_TIME = 16 * 1024, 4 * 1024 * 1024, 0.5

#: Seconds' worth of bytes of a slow line that arrive at once: small enough to be smooth.
GRAIN = 0.05

#: The faults that decide when a byte arrives.
TIMING = ("delay", "rate", "slice")

#: The faults that end a direction, or stop it, after so many bytes or seconds of the connection.
_ENDINGS = {"cut-after": Ending.FIN, "reset-after": Ending.RST}
_LIMITS = (*_ENDINGS, "stall-after")


class FaultLine:
    """One direction of one connection.

    Arguments:
        faults: the faults of this direction of this connection.
        random: makes the random generator of a fault.
        now: the time of the connection's start.
    """

    def __init__(
        self,
        faults: Sequence[SwitchedOn],
        random: Callable[[SwitchedOn], Random],
        now: float,
    ) -> None:
        self._random = random
        self._began = now
        #: The bytes that have passed, which the faults count.
        self.passed = 0
        #: Whether a fault, or the sender, has ended the direction: later bytes are lost.
        self.is_over = False
        self._on_the_way: deque[tuple[float, Item]] = deque()
        self._size = 0
        self._held: deque[Item] = deque()
        # When the line is free for the next byte, and the next piece; when the last one arrives.
        self._free = self._next_piece = self._last = now
        self._jitter: dict[int, Random] = {}
        self._noise: dict[int, Noise] = {}
        self._faults: tuple[SwitchedOn, ...] = ()
        #: The numbers of the faults that decided the times of the items on the way.
        self._timing: frozenset[int] = frozenset()
        self.change(faults)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is on the way."""
        return not (self._on_the_way or self._held)

    def change(self, faults: Sequence[SwitchedOn]) -> None:
        """Replace the faults. Items delayed only by a removed fault are released."""
        self._faults = tuple(faults)

    def room(self, now: float) -> int:
        """Return the number of bytes that may be read now."""
        self._advance(now)
        if self._held:
            return 0
        if self.is_over:
            return MOST_ROOM  # they are read and dropped
        return max(0, self._holds(now) - self._size)

    def put(self, data: bytes, now: float) -> None:
        """Put bytes that were read on the line."""
        self._advance(now)
        self._held.append(data)
        self._advance(now)

    def end(self, ending: Ending, now: float) -> None:
        """Put the sender's end on the line."""
        self._advance(now)
        self._held.append(ending)
        self._advance(now)

    def take(self, now: float) -> list[Item]:
        """Return the items that have arrived by now. An Ending is the last one."""
        self._advance(now)
        arrived: list[Item] = []
        while self._on_the_way and self._on_the_way[0][0] <= now:
            _, item = self._on_the_way.popleft()
            if isinstance(item, bytes):
                self._size -= len(item)
            arrived.append(item)
        return arrived

    def next_time(self, now: float) -> float | None:
        """Return when take or room may have a new result, if nothing is put in before."""
        times = [self._on_the_way[0][0]] if self._on_the_way else []
        if not self.is_idle or not self.is_over:
            times += [at for one in self._faults for at in self._turns(one) if now < at < math.inf]
        return min(times, default=None)

    # Passing.

    def _advance(self, now: float) -> None:
        """Pass on the held items until one stalls."""
        self._reschedule(now)
        while not self._ends(now) and self._held and not self._stalls(now):
            item = self._held.popleft()
            if isinstance(item, bytes):
                self._pass(item, now)
            else:
                self._end(item, now)

    def _ends(self, now: float) -> bool:
        """Return whether the direction is over; a fault may end it now."""
        if not self.is_over:
            for one in self._named(now, *_ENDINGS):
                if self._remaining(one, now) <= 0:
                    self._finish(_ENDINGS[one.fault.name], now)
                    break
        if self.is_over:
            self._held.clear()
        return self.is_over

    def _stalls(self, now: float) -> bool:
        return any(self._remaining(one, now) <= 0 for one in self._named(now, "stall-after"))

    def _pass(self, data: bytes, now: float) -> None:
        """Pass on bytes up to the next limit; hold the rest."""
        limits = [self._remaining(one, now) for one in self._named(now, *_LIMITS)]
        most = min([len(data), *limits])
        data, rest = data[: int(most)], data[int(most) :]
        if rest:
            self._held.appendleft(rest)
        data = self._spoil(data, now)
        self.passed += len(data)
        if not any(self._named(now, "blackhole")):
            self._send(data, now)

    def _remaining(self, one: SwitchedOn, now: float) -> float:
        """Return the bytes up to a limit; for a limit in seconds, 0 after it, infinite before."""
        if one.fault.unit == BYTES:
            return one.fault.amount - self.passed
        return 0.0 if now >= self._began + one.fault.amount else math.inf

    def _end(self, ending: Ending, now: float) -> None:
        if any(self._named(now, "blackhole")):
            return
        if ending is Ending.FIN:
            if any(self._named(now, "reset-at")):
                ending = Ending.RST
            elif any(self._named(now, "drop-fin")):
                return
            elif any(self._named(now, "no-half-close")):
                ending = Ending.CLOSE
        self._finish(ending, now)

    def _finish(self, ending: Ending, now: float) -> None:
        self.is_over = True
        self._arrives(ending, max(now, self._free), now)

    def _spoil(self, data: bytes, now: float) -> bytes:
        for one in self._faults:
            if one.fault.name == "corrupt":
                if one.number not in self._noise:
                    self._noise[one.number] = Noise(self._random(one), one.fault.amount)
                # While its window is closed, draw as usual but change nothing, so that the later
                # bytes are the same in any case.
                spoiled = self._noise[one.number].spoil(data)
                data = spoiled if one.is_active(now) else data
        return data

    # The times of arrival.

    def _send(self, data: bytes, now: float) -> None:
        rate = self._rate(now)
        sizes = [int(one.fault.amount) for one in self._named(now, "slice")]
        if rate:
            sizes.append(max(1, int(rate * GRAIN)))
        size = min(sizes, default=len(data)) or 1
        gap = self._gap(now)
        for at in range(0, len(data), size):
            self._leave(data[at : at + size], rate, gap, now)

    def _leave(
        self, piece: bytes, rate: float, gap: float, now: float, latest: float = math.inf
    ) -> None:
        leaves = max(now, self._free, self._next_piece)
        if rate:
            self._free = leaves = leaves + len(piece) / rate
        self._next_piece = leaves + gap
        self._arrives(piece, leaves, now, latest)

    def _reschedule(self, now: float) -> None:
        """Release items that are delayed only by a fault that was removed, or is not active now.

        A user who removes a delay of a minute expects a healthy line at once, not a line that is
        silent for a minute.
        """
        timing = frozenset(one.number for one in self._named(now, *TIMING))
        released, self._timing = self._timing - timing, timing
        if not released:
            return
        waiting, self._on_the_way = self._on_the_way, deque()
        self._size = 0
        self._free = self._next_piece = self._last = now
        rate = self._rate(now)
        gap = self._gap(now)
        for at, item in waiting:
            if isinstance(item, bytes):
                self._leave(item, rate, gap, now, at)
            else:
                self._arrives(item, max(now, self._free), now, at)

    def _arrives(self, item: Item, leaves: float, now: float, latest: float = math.inf) -> None:
        """Record when an item arrives. It does not overtake items that left before it."""
        for one in self._named(now, "delay"):
            leaves += one.fault.amount
            if one.fault.extra:
                if one.number not in self._jitter:
                    self._jitter[one.number] = self._random(one)
                leaves += self._jitter[one.number].uniform(-one.fault.extra, one.fault.extra)
        self._last = max(self._last, min(leaves, latest))
        self._on_the_way.append((self._last, item))
        if isinstance(item, bytes):
            self._size += len(item)

    def _rate(self, now: float) -> float:
        return min((one.fault.amount for one in self._named(now, "rate")), default=0.0)

    def _gap(self, now: float) -> float:
        """Return the seconds between two pieces."""
        return max((one.fault.extra for one in self._named(now, "slice")), default=0.0)

    def _holds(self, now: float) -> int:
        """Return the capacity in bytes: small on a slow line, so that the sender slows down."""
        rate = self._rate(now)
        if not rate:
            return MOST_ROOM
        delay = sum(one.fault.amount for one in self._named(now, "delay"))
        return int(min(MOST_ROOM, max(LEAST_ROOM, rate * (delay + ROOM_TIME))))

    def _named(self, now: float, *names: str) -> Iterator[SwitchedOn]:
        """Return the active faults with these names."""
        return (one for one in self._faults if one.fault.name in names and one.is_active(now))

    def _turns(self, one: SwitchedOn) -> list[float]:
        """Return the times at which a fault starts or stops acting without new bytes."""
        if one.fault.name in _LIMITS and one.fault.unit == SECONDS:
            return [*one.edges(), self._began + one.fault.amount]
        return one.edges()
