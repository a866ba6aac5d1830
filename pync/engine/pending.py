"""How much is read at once, and what was read and waits to be written. It moves nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

#: Bytes of one read; a quarter faster than 64 KiB.
READ = 256 * 1024

# glibc returns the top of its heap to the system after every large read, and takes it again
# for the next: a page fault for every 4 KiB that moves. Once it has seen a larger piece
# freed, it keeps that much (mallopt(3), M_MMAP_THRESHOLD: the threshold is dynamic). This one
# is never touched, so it costs no memory.
bytes(16 * READ)

#: Bytes of one read that becomes a datagram, as nc.
READ_DATAGRAM = 16 * 1024

#: Datagrams that are read in one go, before anybody else has a turn.
BURST = 32

#: High-water mark: bytes that may wait for a sink before its source is not read any more.
HIGH_WATER = 1024 * 1024

#: Bytes that become one write, where pieces may be written together.
GATHERED = 64 * 1024


class Pending:
    """Pieces that wait.

    Arguments:
        gathers: whether pieces may be written together, their boundaries forgotten.
    """

    __slots__ = (
        "_gathers",
        "_pieces",
        "size",
    )

    def __init__(self, *, gathers: bool) -> None:
        #: Bytes.
        self.size = 0
        self._gathers = gathers
        #: None until there is something: most of many connections are silent.
        self._pieces: deque[memoryview] | None = None

    def __bool__(self) -> bool:
        return bool(self._pieces)

    @property
    def has_room(self) -> bool:
        """Whether more may be read."""
        return self.size < HIGH_WATER

    def add(self, pieces: Iterable[bytes]) -> None:
        """Put these behind what waits; empty ones are nothing to write."""
        for piece in pieces:
            if piece:
                if self._pieces is None:
                    self._pieces = deque()
                self._pieces.append(memoryview(piece))
                self.size += len(piece)

    def first(self) -> memoryview:
        """What is to be written next."""
        assert self._pieces is not None
        if self._gathers and len(self._pieces) > 1:
            pieces: list[memoryview] = []
            size = 0
            while self._pieces and (not pieces or size + len(self._pieces[0]) <= GATHERED):
                pieces.append(self._pieces.popleft())
                size += len(pieces[-1])
            self._pieces.appendleft(memoryview(b"".join(pieces)))
        return self._pieces[0]

    def written(self, count: int) -> None:
        """So many bytes of the first piece are written."""
        assert self._pieces is not None
        first = self._pieces.popleft()
        if count < len(first):
            self._pieces.appendleft(first[count:])
        self.size -= count

    def clear(self) -> None:
        """Forget everything."""
        self._pieces = None
        self.size = 0
