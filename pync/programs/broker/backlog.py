"""The queue for the clients of a broker: one copy, however many clients wait for it.

The pieces are a linked list, and each client has a place in it. Python frees a piece when all
clients have passed it. So a slow client needs memory for all pieces after its place, and many slow
clients need no more than the slowest one.
"""

from __future__ import annotations

#: The memory of a piece in addition to its bytes: a Piece, its number, the bytes object.
OVERHEAD = 160

#: Bytes that are sent at once, and pieces that become one send at most.
AT_ONCE = 64 * 1024
PIECES = 1024

Data = bytes | memoryview


class Piece:
    """The data of one speaker. The last piece of a backlog is empty, for the next data."""

    __slots__ = ("cost_before", "data", "next", "speaker")

    def __init__(self, cost_before: int) -> None:
        self.cost_before = cost_before
        self.data = b""
        self.speaker: object = None
        self.next: Piece | None = None


class Backlog:
    """The data that any client has still to be sent."""

    def __init__(self) -> None:
        self.end = Piece(0)

    def add(self, data: bytes, speaker: object) -> None:
        """Add the speaker's data, to be sent to all the others."""
        piece = self.end
        piece.data, piece.speaker = data, speaker
        self.end = piece.next = Piece(piece.cost_before + len(data) + OVERHEAD)


class Place:
    """The position of one client in the backlog. It starts at the end.

    Arguments:
        backlog: the data.
        reader: the client, whose own data is skipped.
    """

    def __init__(self, backlog: Backlog, reader: object) -> None:
        self._backlog = backlog
        self._reader = reader
        self._piece = backlog.end
        self._offset = 0
        self._limit: Piece | None = None

    @property
    def size(self) -> int:
        """The bytes of memory of the data that waits for the client."""
        return self._end.cost_before - self._piece.cost_before

    def stop(self) -> None:
        """Leave out data that is added from now on; idempotent."""
        if self._limit is None:
            self._limit = self._backlog.end

    def clear(self) -> None:
        """Drop everything that waits."""
        self._piece = self._limit = Piece(0)

    def next(self) -> Data:
        """Return the next bytes to send, up to a limit; ``b""`` when none wait."""
        piece = self._skip_own()
        end = self._end
        if piece is end:
            return b""
        first = memoryview(piece.data)[self._offset :] if self._offset else piece.data
        following = piece.next
        if following is end or len(first) >= AT_ONCE:
            return first[:AT_ONCE]
        parts: list[Data] = [first]
        room = AT_ONCE - len(first)
        for _ in range(PIECES):
            if following is end or following is None or room <= 0:
                break
            if following.speaker is not self._reader:
                parts.append(following.data)
                room -= len(following.data)
            following = following.next
        return b"".join(parts)

    def sent(self, count: int) -> None:
        """Move on by so many of these bytes: they were sent."""
        count += self._offset
        piece = self._skip_own()
        end = self._end
        while piece is not end and count >= len(piece.data):
            count -= len(piece.data)
            assert piece.next is not None
            self._piece = piece.next
            piece = self._skip_own()
        self._offset = count

    @property
    def _end(self) -> Piece:
        return self._backlog.end if self._limit is None else self._limit

    def _skip_own(self) -> Piece:
        piece, end, reader = self._piece, self._end, self._reader
        while piece is not end and piece.speaker is reader:
            assert piece.next is not None
            piece = piece.next
        self._piece = piece
        return piece
