"""A bad line (core/line.py): everything is passed on, later, slowly or in other pieces.

It serves ``run --link``. The order is kept, and FIN and RST arrive after what was sent before
them. A side that does not read stalls the other one, once the line holds CAPACITY bytes.
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

#: Bytes that are under way in one direction at most: with what sockets hold, less than the least
#: that a scenario gives a server to write in order that something waits in the server itself.
CAPACITY = 1024 * 1024

#: Bytes of each socket's buffers: a server that crawls into a large one is not blocked for seconds.
WINDOW = 256 * 1024

#: Of what follows a silence: pieces that come each by itself, and seconds between them.
APART, PAUSE = 32, 0.001

#: Seconds of a slow line that one piece takes; pieces that arrive in one turn of the loop.
_SLOW_PIECE, _IN_ONE_TURN = 0.05, 64


class Lane:
    """One direction of one connection.

    Arguments:
        name: UP or DOWN.
        way: what the direction does.
        source: is not read while the lane is full; None where nothing can be held back.
    """

    def __init__(
        self, name: str, way: Way, loop: Loop, traffic: Traffic, source: End | None = None
    ) -> None:
        self._way, self._loop, self._traffic = way, loop, traffic
        self._passage = Passage(traffic, name)
        self._source = source
        #: When each piece arrives at the earliest, how long after the one before, its size.
        self._under_way: deque[tuple[float, float, int, Callable[[], None]]] = deque()
        self._size = 0
        #: When the last piece arrives, when the line can take the next one, when one has arrived;
        #: and what has come since a silence: pieces and bytes.
        self._last = self._free = self._arrived = 0.0
        self._pieces = self._bytes = 0
        self._is_waiting = False

    def carry(self, data: bytes, deliver: Callable[[bytes], None]) -> None:
        """Bytes of a stream."""
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
        """Something that is not cut in pieces: an end, a datagram of so many bytes."""
        self._add(event, size, 0.0)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._under_way

    def close(self) -> None:
        """Nothing of it arrives any more."""
        if self._under_way:
            self._passage.left(len(self._under_way))
            self._under_way.clear()

    def _next_piece(self) -> tuple[int, float]:
        """The size of the next piece, 0 for all, and seconds between it and the one before."""
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
            # Not before the next turn of the loop, so that all other connections are served.
            self._loop.after(max(0.0, self._next_at - time.monotonic()), self._arrive)

    @property
    def _next_at(self) -> float:
        # A loop that comes late must not send at once what is to come apart.
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
            # Only now, so that nobody takes the line for idle before its bytes are written.
            self._passage.left()
        self._wait()
        if self._source is not None and self._size < CAPACITY:
            self._source.read(True)


def course_over(traffic: Traffic) -> type[Course]:
    """The course of each connection over a line."""

    class OverLine(Course):
        def __init__(self, proxy: Shared, link: Link) -> None:
            super().__init__(proxy, link)
            line = traffic.line
            #: Whether the client has been told of the server's end.
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
            """The same, with a look at whether the server has ended by the time it arrives.

            Arguments:
                answers_end: it is a FIN that answers the server's own.
            """

            def deliver(*data: bytes) -> None:
                if not answers_end and (self.server.has_ended or self.server.closed):
                    traffic.has_crossed = True
                pass_on(*data)

            return deliver

    return OverLine


def show(proxy: StreamProxy | DatagramProxy, traffic: Traffic) -> None:
    """Let it be seen what is under way, and what is not yet."""

    def take_in() -> None:
        proxy.loop.settle()
        if isinstance(proxy, DatagramProxy):
            proxy.loop.call(proxy.look_for_clients)

    traffic.take_in = take_in
    if isinstance(proxy, StreamProxy):
        traffic.queues = proxy.queues


def exchange_over(traffic: Traffic) -> type[Exchange]:
    """What the datagrams of each port go through on a line."""

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
            # A client may have gone since: it was told of nothing.
            self.proxy.loop.after(0.0, self.look_for_client)

        def look_for_client(self) -> None:
            if self._up.is_idle:
                super().look_for_client()

        def from_server(self, data: bytes) -> None:
            self._down.follow(partial(self.to_client, data), len(data))

    return OverLine
