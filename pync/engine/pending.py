"""How much is read at once, and the queue of bytes between reading and writing. No I/O."""

from __future__ import annotations

from ..core.typed import Iterable, deque

#: Bytes of one read; a quarter faster than 64 KiB.
READ = 256 * 1024

# glibc returns the top of its heap to the system after every large read, and requests it again
# for the next: a page fault for every 4 KiB that moves. After a larger block was freed, glibc
# keeps that much (mallopt(3), M_MMAP_THRESHOLD: the threshold is dynamic). The pages of this
# block are never touched, so it costs no memory.
bytes(16 * READ)

#: Bytes of one read that becomes a datagram, as in nc.
READ_DATAGRAM = 16 * 1024

#: Datagrams that are read in one callback, before other connections are served.
BURST = 32

#: High-water mark: from so many waiting bytes on, the source is not read.
HIGH_WATER = 1024 * 1024

#: Bytes of one write at most, where several pieces may be written together.
GATHERED = 64 * 1024


class Pending:
    """The pieces that wait to be written.

    Arguments:
        gathers: whether several pieces may be joined into one write.
    """

    __slots__ = (
        "_gathers",
        "_pieces",
        "size",
    )

    def __init__(self, *, gathers: bool) -> None:
        #: The number of bytes that wait.
        self.size = 0
        self._gathers = gathers
        #: None until a piece waits: most connections are silent, and a deque needs memory.
        self._pieces: deque[memoryview] | None = None

    def __bool__(self) -> bool:
        return bool(self._pieces)

    @property
    def has_room(self) -> bool:
        """Whether more may be read."""
        return self.size < HIGH_WATER

    def add(self, pieces: Iterable[bytes]) -> None:
        """Append these pieces; skip empty ones."""
        for piece in pieces:
            if piece:
                if self._pieces is None:
                    self._pieces = deque()
                self._pieces.append(memoryview(piece))
                self.size += len(piece)

    def first(self) -> memoryview:
        """Return the next piece to write."""
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
        """Remove so many bytes of the first piece: they are written."""
        assert self._pieces is not None
        first = self._pieces.popleft()
        if count < len(first):
            self._pieces.appendleft(first[count:])
        self.size -= count

    def clear(self) -> None:
        """Drop everything."""
        self._pieces = None
        self.size = 0
