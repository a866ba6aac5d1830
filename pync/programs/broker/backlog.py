"""What is queued for the clients of a broker: one copy, however many clients wait for it.

The pieces are a linked list. Each client has a place in it; what lies before the places of all
clients is freed by itself. So a client that reads slowly costs what was said since, and many
of them cost no more than the slowest one.
"""

from __future__ import annotations

from typing import Union

#: What a piece costs in memory besides its bytes: a Piece, its number, the bytes object.
OVERHEAD = 160

#: Bytes that are sent at once, and pieces that become one send at most.
AT_ONCE = 64 * 1024
PIECES = 1024

Data = Union[bytes, memoryview]


class Piece:
    """Something that was said. The last one of a backlog is empty: what is said next."""

    __slots__ = ("cost_before", "data", "next", "speaker")

    def __init__(self, cost_before: int) -> None:
        self.cost_before = cost_before
        self.data = b""
        self.speaker: object = None
        self.next: Piece | None = None


class Backlog:
    """Everything that some client has still to be sent."""

    def __init__(self) -> None:
        self.end = Piece(0)

    def add(self, data: bytes, speaker: object) -> None:
        """Add what the speaker said; everybody else is to be sent it."""
        piece = self.end
        piece.data, piece.speaker = data, speaker
        self.end = piece.next = Piece(piece.cost_before + len(data) + OVERHEAD)


class Place:
    """How far one client has been sent what was said. It begins at the end.

    Arguments:
        backlog: what is said.
        reader: whose own words are passed over.
    """

    def __init__(self, backlog: Backlog, reader: object) -> None:
        self._backlog = backlog
        self._reader = reader
        self._piece = backlog.end
        self._offset = 0
        self._limit: Piece | None = None

    @property
    def size(self) -> int:
        """Bytes of memory that are held by what waits for the client."""
        return self._end.cost_before - self._piece.cost_before

    def stop(self) -> None:
        """What is said from now on is not for this client; idempotent."""
        if self._limit is None:
            self._limit = self._backlog.end

    def clear(self) -> None:
        """Nothing is for this client any more."""
        self._piece = self._limit = Piece(0)

    def next(self) -> Data:
        """Return the next bytes to be sent, not many at once; ``b""``: nothing waits."""
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
        """So many of these bytes were sent."""
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
