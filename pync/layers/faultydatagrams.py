"""One direction of one peer's datagrams over a faulty line: which arrive, and when. Sans-I/O.

The counterpart of faultline.py for datagrams: they stay whole, may be lost, duplicated or
overtaken, and have no EOF. This module has no clock: every call gets the time. Random choices are
made for each datagram in order, also while a fault's window is closed, and independent of the
times: the same seed affects the same datagrams in the same way.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence

from ..core.typed import TYPE_CHECKING
from .noise import Noise

if TYPE_CHECKING:
    from random import Random

    from .faulttable import SwitchedOn

#: The limit of bytes on the way, and the bytes that count for each datagram in addition to its
#: own: empty ones need room too. A datagram that comes to a full line is lost, as in a router.
ROOM, OVERHEAD = 4 * 1024 * 1024, 64

#: The capacity of the queue before a slow line: the bytes of so many seconds, and at least so many.
LEAST_QUEUE, QUEUE_TIME = 16 * 1024, 0.5

#: The faults that decide when a datagram arrives.
TIMING = ("delay", "rate")

#: Seconds after which a datagram arrives that waits to be overtaken.
REORDER_TIME = 1.0


class FaultyDatagrams:
    """One direction of one peer's datagrams.

    Arguments:
        faults: the faults of this direction of this peer.
        random: makes the random generator of a fault.
    """

    def __init__(
        self, faults: Sequence[SwitchedOn], random: Callable[[SwitchedOn], Random]
    ) -> None:
        self._random = random
        self._faults: tuple[SwitchedOn, ...] = ()
        self._generators: dict[int, Random] = {}
        self._noise: dict[int, Noise] = {}
        self._on_the_way: deque[tuple[float, bytes]] = deque()
        self._size = 0
        #: When the line is free for the next datagram; when the last one arrives.
        self._free = self._last = 0.0
        #: A datagram that the next one will overtake, and when it arrives if there is no next one.
        self._waits: tuple[float, bytes] | None = None
        #: The numbers of the faults that decided the times of the datagrams on the way.
        self._timing: frozenset[int] = frozenset()
        #: Called when next_time() may have changed, although nothing was put in.
        self.changed: Callable[[], None] | None = None
        self.change(faults)

    def change(self, faults: Sequence[SwitchedOn]) -> None:
        """Replace the faults. Datagrams delayed only by a removed fault are released."""
        self._faults = tuple(faults)
        if self.changed is not None:
            self.changed()

    def put(self, data: bytes, now: float) -> None:
        """Put a datagram that was read on the line."""
        self._reschedule(now)
        is_lost = self._happens("loss", now)
        copies = 2 if self._happens("duplicate", now) else 1
        is_overtaken = self._happens("reorder", now)
        data = self._spoil(data, now)
        if is_lost or any(self._named(now, "blackhole")):
            return
        waiting, self._waits = self._waits, None
        if is_overtaken and waiting is None:
            self._waits = (now + REORDER_TIME, data)
            copies -= 1
        for _ in range(copies):
            self._send(data, now)
        if waiting is not None:
            self._send(waiting[1], now)

    def take(self, now: float) -> list[bytes]:
        """Return the datagrams that have arrived by now."""
        self._reschedule(now)
        if self._waits is not None and self._waits[0] <= now:
            (_, data), self._waits = self._waits, None
            self._send(data, now)
        arrived: list[bytes] = []
        while self._on_the_way and self._on_the_way[0][0] <= now:
            arrived.append(self._on_the_way.popleft()[1])
            self._size -= len(arrived[-1]) + OVERHEAD
        return arrived

    def next_time(self, now: float) -> float | None:
        """Return when take may return the next one, if none is put in before."""
        times: list[float] = []
        if self._on_the_way:
            times.append(self._on_the_way[0][0])
            timing = (one for one in self._faults if one.fault.name in TIMING)
            times += [at for one in timing for at in one.edges() if now < at < math.inf]
        if self._waits is not None:
            times.append(self._waits[0])
        return min(times, default=None)

    def _send(self, data: bytes, now: float) -> None:
        rate = self._rate(now)
        if not self._has_room(len(data), rate, now):
            return
        self._leave(data, rate, now)

    def _reschedule(self, now: float) -> None:
        """Release datagrams delayed only by a fault that was removed, or is not active now."""
        timing = frozenset(one.number for name in TIMING for one in self._named(now, name))
        released, self._timing = self._timing - timing, timing
        if not released:
            return
        waiting, self._on_the_way = self._on_the_way, deque()
        self._size = 0
        self._free = self._last = now
        rate = self._rate(now)
        for at, data in waiting:
            self._leave(data, rate, now, at)

    def _rate(self, now: float) -> float:
        return min((one.fault.amount for one in self._named(now, "rate")), default=0.0)

    def _leave(self, data: bytes, rate: float, now: float, latest: float = math.inf) -> None:
        leaves = max(now, self._free)
        if rate:
            self._free = leaves = leaves + len(data) / rate
        for one in self._named(now, "delay"):
            leaves += one.fault.amount
            if one.fault.extra:
                leaves += self._generator(one).uniform(-one.fault.extra, one.fault.extra)
        # As in streams: with the jitter of a delay, nothing overtakes; with ``reorder`` it does.
        self._last = max(self._last, min(leaves, latest))
        self._on_the_way.append((self._last, data))
        self._size += len(data) + OVERHEAD

    def _has_room(self, size: int, rate: float, now: float) -> bool:
        if self._on_the_way and self._size + size + OVERHEAD > ROOM:
            return False
        # One datagram always fits: otherwise, 64 KiB could never pass a line of 10K a second.
        queued = max(0.0, self._free - now) * rate
        return not queued or queued + size <= max(LEAST_QUEUE, rate * QUEUE_TIME)

    def _spoil(self, data: bytes, now: float) -> bytes:
        for one in self._faults:
            if one.fault.name == "truncate" and one.is_active(now):
                data = data[: int(one.fault.amount)]
            elif one.fault.name == "corrupt":
                if one.number not in self._noise:
                    self._noise[one.number] = Noise(self._random(one), one.fault.amount)
                spoiled = self._noise[one.number].spoil(data)
                data = spoiled if one.is_active(now) else data
        return data

    def _happens(self, name: str, now: float) -> bool:
        """Return whether a fault with this name affects this datagram."""
        hits = [
            one.is_active(now)
            for one in self._faults
            if one.fault.name == name and self._generator(one).random() < one.fault.amount
        ]
        return any(hits)

    def _generator(self, one: SwitchedOn) -> Random:
        if one.number not in self._generators:
            self._generators[one.number] = self._random(one)
        return self._generators[one.number]

    def _named(self, now: float, name: str) -> Iterator[SwitchedOn]:
        return (one for one in self._faults if one.fault.name == name and one.is_active(now))
