"""A bad line (core/line.py): it forwards everything, but later, slowly or in other pieces.

It implements ``run --link``. The order is kept, and FIN and RST arrive after all data that was
sent before them. If a side does not read, the other one blocks once the line holds CAPACITY bytes.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from ..core.line import DOWN, SEGMENT, SLICED, UP, Way
from ..core.traffic import Passage, Traffic
from .answers import QUIET
from .courses import Course, Shared
from .datagrams import DatagramProxy, Exchange
from .links import End, Link
from .loop import Loop
from .streams import StreamProxy

#: The most bytes in transit in one direction. Some scenarios let a server write so much that data
#: waits in the server itself; this and the sockets' buffers together must hold less than that.
CAPACITY = 1024 * 1024

#: The size in bytes of each socket's buffers: with larger ones, a server that writes slowly would
#: not block for seconds.
WINDOW = 256 * 1024

#: After a silence, this many pieces arrive separately, this many seconds apart.
APART, PAUSE = 32, 0.001

#: The seconds that one piece takes on a slow line; the most pieces in one turn of the loop.
_SLOW_PIECE, _IN_ONE_TURN = 0.05, 64


class Lane:
    """One direction of one connection.

    Arguments:
        name: UP or DOWN.
        way: the settings of the direction.
        source: the end that is not read while the lane is full; None if it cannot be held back.
    """

    def __init__(
        self, name: str, way: Way, loop: Loop, traffic: Traffic, source: End | None = None
    ) -> None:
        self._way, self._loop, self._traffic = way, loop, traffic
        self._passage = Passage(traffic, name)
        self._source = source
        #: For each piece: its earliest arrival, its distance to the previous one, its size, and
        #: the function that delivers it.
        self._under_way: deque[tuple[float, float, int, Callable[[], None]]] = deque()
        self._size = 0
        #: When the last piece will arrive, when the line can take the next one, and when a piece
        #: arrived last; the numbers of pieces and bytes since a silence.
        self._last = self._free = self._arrived = 0.0
        self._pieces = self._bytes = 0
        self._is_waiting = False

    def carry(self, data: bytes, deliver: Callable[[bytes], None]) -> None:
        """Carry bytes of a stream."""
        at, whole = 0, len(data)
        while at < len(data):
            size, pause = self._next_piece()
            piece = data[at : at + size] if size else data
            at += len(piece)
            if len(piece) < whole:
                self._traffic.has_cut |= self._passage.way == UP
            self._add(partial(deliver, piece), len(piece), pause)
        if self._source is not None and self._size >= CAPACITY:
            self._source.read(False)

    def follow(self, event: Callable[[], None], size: int = 0) -> None:
        """Carry something that is not cut in pieces: an end, or a datagram of this size."""
        self._add(event, size, 0.0)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is in transit."""
        return not self._under_way

    def close(self) -> None:
        """Discard everything that is in transit."""
        if self._under_way:
            self._passage.left(len(self._under_way))
            self._under_way.clear()

    def _next_piece(self) -> tuple[int, float]:
        """Return the size of the next piece, 0 for all, and its distance to the previous one."""
        way = self._way
        if not self._under_way and time.monotonic() - self._last > QUIET:
            self._pieces = self._bytes = 0
        self._pieces += 1
        size, pause = int(way.size), way.gap
        if size and not way.gap:
            pause = PAUSE if self._pieces <= APART else 0.0
            size = size if self._bytes < SLICED else max(size, SEGMENT)
        if way.rate:
            piece = max(1, int(way.rate * _SLOW_PIECE))
            size = min(size, piece) if size else piece
        return size, pause

    def _add(self, event: Callable[[], None], size: int, pause: float) -> None:
        way, now = self._way, time.monotonic()
        self._bytes += size
        self._free = max(self._free, now) + (size / way.rate if way.rate else 0.0)
        late = way.delay + (random.uniform(-way.spread, way.spread) if way.spread else 0.0)
        self._last = max(self._free + late, self._last + pause)
        self._under_way.append((self._last, pause, size, event))
        self._size += size
        self._passage.entered()
        self._wait()

    def _wait(self) -> None:
        if self._under_way and not self._is_waiting:
            self._is_waiting = True
            # Never in this turn of the loop, so that all other connections are served first.
            self._loop.after(max(0.0, self._next_at - time.monotonic()), self._arrive)

    @property
    def _next_at(self) -> float:
        # If the loop is late, pieces that must arrive separately must not be sent together.
        due, pause, *_ = self._under_way[0]
        return max(due, self._arrived + pause)

    def _arrive(self) -> None:
        self._is_waiting = False
        now = time.monotonic()
        for _ in range(_IN_ONE_TURN):
            if not self._under_way or self._next_at > now:
                break
            *_, size, event = self._under_way.popleft()
            self._size -= size
            self._arrived = now
            event()
            # Do this last, so that the line does not seem idle before the bytes are written.
            self._passage.left()
        self._wait()
        if self._source is not None and self._size < CAPACITY:
            self._source.read(True)


def course_over(traffic: Traffic) -> type[Course]:
    """Return the course of each connection over a line."""

    class OverLine(Course):
        def __init__(self, proxy: Shared, link: Link) -> None:
            super().__init__(proxy, link)
            line = traffic.line
            #: Whether the server's end has been forwarded to the client.
            self._is_told = False
            self._up = Lane(UP, line.up, link.loop, traffic, self.client)
            self._down = Lane(DOWN, line.down, link.loop, traffic, self.server)

        def from_client(self, data: bytes) -> None:
            self._up.carry(data, self._in_time(super().from_client))

        def client_ended(self) -> None:
            self._up.follow(self._in_time(super().client_ended, self._is_told))

        def client_reset(self) -> None:
            self._up.follow(self._in_time(super().client_reset))

        def from_server(self, data: bytes) -> None:
            self._down.carry(data, super().from_server)

        def server_ended(self) -> None:
            self._down.follow(partial(self._tell, super().server_ended))

        def server_reset(self) -> None:
            self._down.follow(partial(self._tell, super().server_reset))

        def left(self) -> None:
            self._up.close()
            self._down.close()
            super().left()

        def _tell(self, end: Callable[[], None]) -> None:
            self._is_told = True
            end()

        def _in_time(
            self, pass_on: Callable[..., None], answers_end: bool = False
        ) -> Callable[..., None]:
            """Return a function that also records if the server has ended before the arrival.

            Arguments:
                answers_end: whether the event is a FIN that answers the server's own FIN.
            """

            def deliver(*data: bytes) -> None:
                if not answers_end and (self.server.has_ended or self.server.closed):
                    traffic.has_crossed = True
                pass_on(*data)

            return deliver

    return OverLine


def show(proxy: StreamProxy | DatagramProxy, traffic: Traffic) -> None:
    """Connect the traffic with the proxy, to see what is in transit and what still waits."""

    def take_in() -> None:
        proxy.loop.settle()
        if isinstance(proxy, DatagramProxy):
            proxy.loop.call(proxy.look_for_clients)

    traffic.take_in = take_in
    if isinstance(proxy, StreamProxy):
        traffic.queues = proxy.queues


def exchange_over(traffic: Traffic) -> type[Exchange]:
    """Return the exchange for the datagrams of each port over a line."""

    class OverLine(Exchange):
        def __init__(self, proxy: DatagramProxy, client: Any) -> None:
            super().__init__(proxy, client)
            line = traffic.line
            self._up = Lane(UP, line.up, proxy.loop, traffic)
            self._down = Lane(DOWN, line.down, proxy.loop, traffic)

        def from_client(self, data: bytes) -> None:
            self._up.follow(partial(self._arrive, data), len(data))

        def _arrive(self, data: bytes) -> None:
            self.to_server(data)
            # The client may have closed its port in the meantime.
            self.proxy.loop.after(0.0, self.look_for_client)

        def look_for_client(self) -> None:
            if self._up.is_idle:
                super().look_for_client()

        def from_server(self, data: bytes) -> None:
            self._down.follow(partial(self.to_client, data), len(data))

    return OverLine
