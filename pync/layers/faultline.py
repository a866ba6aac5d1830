"""One direction of one connection over a bad line: what arrives, and when. Sans-I/O.

What is read on one side is put in (``put``, ``end``); what is to be written on the other side
comes out when its time has come (``take``). Nothing here has a clock: every call is told the
time (seconds, on the clock of the table of faults). What is drawn by chance is drawn for each
byte of the stream, whatever the reads were: the same seed changes the same bytes.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Union

from ..core.fault import BYTES, SECONDS
from .noise import Noise

if TYPE_CHECKING:
    from random import Random

    from .faulttable import SwitchedOn


class Ending(Enum):
    """How a direction ends."""

    FIN = "FIN"
    #: FIN, and nobody reads the other direction any more, as close(2).
    CLOSE = "close"
    RST = "RST"


#: What comes out: bytes that are written by themselves, or how the direction ends.
Item = Union[bytes, Ending]

#: Bytes on the way, at least and at most; and the seconds' worth of them that a slow line holds.
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
        faults: those of this direction of this connection.
        random: makes the generator of one of them.
        now: when the connection began.
    """

    def __init__(
        self,
        faults: Sequence[SwitchedOn],
        random: Callable[[SwitchedOn], Random],
        now: float,
    ) -> None:
        self._random = random
        self._began = now
        #: Bytes that have passed: what the faults count.
        self.passed = 0
        #: Whether a fault, or the sender, has ended the direction: what comes now is lost.
        self.is_over = False
        self._on_the_way: deque[tuple[float, Item]] = deque()
        self._size = 0
        self._held: deque[Item] = deque()
        # When the line is free for the next byte, for the next piece; when the last one arrives.
        self._free = self._next_piece = self._last = now
        self._jitter: dict[int, Random] = {}
        self._noise: dict[int, Noise] = {}
        self._faults: tuple[SwitchedOn, ...] = ()
        #: The numbers of the faults that decided the times of what is on the way.
        self._timing: frozenset[int] = frozenset()
        self.change(faults)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is on the way."""
        return not (self._on_the_way or self._held)

    def change(self, faults: Sequence[SwitchedOn]) -> None:
        """Replace the faults. What only a removed one was holding back is released."""
        self._faults = tuple(faults)

    def room(self, now: float) -> int:
        """Bytes that may be read now; 0: none."""
        self._advance(now)
        if self._held:
            return 0
        if self.is_over:
            return MOST_ROOM  # read, and lost
        return max(0, self._holds(now) - self._size)

    def put(self, data: bytes, now: float) -> None:
        """Bytes were read."""
        self._advance(now)
        self._held.append(data)
        self._advance(now)

    def end(self, ending: Ending, now: float) -> None:
        """The sender has ended."""
        self._advance(now)
        self._held.append(ending)
        self._advance(now)

    def take(self, now: float) -> list[Item]:
        """What has arrived by now. Nothing comes after an Ending."""
        self._advance(now)
        arrived: list[Item] = []
        while self._on_the_way and self._on_the_way[0][0] <= now:
            _, item = self._on_the_way.popleft()
            if isinstance(item, bytes):
                self._size -= len(item)
            arrived.append(item)
        return arrived

    def next_time(self, now: float) -> float | None:
        """When take or room may say something new, if nothing is put in meanwhile."""
        times = [self._on_the_way[0][0]] if self._on_the_way else []
        if not self.is_idle or not self.is_over:
            times += [at for one in self._faults for at in self._turns(one) if now < at < math.inf]
        return min(times, default=None)

    # What passes.

    def _advance(self, now: float) -> None:
        """Pass on what is held, as far as nothing stalls."""
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
        """Bytes up to the next limit; the rest is held."""
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
        """Bytes up to a limit; for one in seconds: no bytes when it is reached, else no limit."""
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
                # A closed window changes nothing, and leaves the later bytes as they would be.
                spoiled = self._noise[one.number].spoil(data)
                data = spoiled if one.is_active(now) else data
        return data

    # When it arrives.

    def _send(self, data: bytes, now: float) -> None:
        slices = [one.fault for one in self._named(now, "slice")]
        rate = self._rate(now)
        sizes = [int(fault.amount) for fault in slices]
        if rate:
            sizes.append(max(1, int(rate * GRAIN)))
        size = min(sizes, default=len(data)) or 1
        gap = max((fault.extra for fault in slices), default=0.0)
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
        """Release what is held back only by a fault that was removed, or whose window has closed.

        Whoever removes a delay of a minute expects a healthy line, not one that is silent for a
        minute.
        """
        timing = frozenset(one.number for one in self._named(now, *TIMING))
        released, self._timing = self._timing - timing, timing
        if not released:
            return
        waiting, self._on_the_way = self._on_the_way, deque()
        self._size = 0
        self._free = self._next_piece = self._last = now
        rate = self._rate(now)
        gap = max((one.fault.extra for one in self._named(now, "slice")), default=0.0)
        for at, item in waiting:
            if isinstance(item, bytes):
                self._leave(item, rate, gap, now, at)
            else:
                self._arrives(item, max(now, self._free), now, at)

    def _arrives(self, item: Item, leaves: float, now: float, latest: float = math.inf) -> None:
        """Note when an item arrives. Nothing overtakes what left before it."""
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

    def _holds(self, now: float) -> int:
        """Bytes that the line holds: of a slow one few, so that its sender feels it."""
        rate = self._rate(now)
        if not rate:
            return MOST_ROOM
        delay = sum(one.fault.amount for one in self._named(now, "delay"))
        return int(min(MOST_ROOM, max(LEAST_ROOM, rate * (delay + ROOM_TIME))))

    def _named(self, now: float, *names: str) -> Iterator[SwitchedOn]:
        """The faults of these names that happen now."""
        return (one for one in self._faults if one.fault.name in names and one.is_active(now))

    def _turns(self, one: SwitchedOn) -> list[float]:
        """When a fault begins to do something by itself."""
        if one.fault.name in _LIMITS and one.fault.unit == SECONDS:
            return [*one.edges(), self._began + one.fault.amount]
        return one.edges()
