"""What one side of an HTTP proxy has sent, handed to h11 in pieces. Pure.

h11 parses a head, or the trailers of a chunked message, in one go, however many lines they
have. A piece is small, so that no single step takes long; only content whose length is known
is handed over as it was received.
"""

from __future__ import annotations

from typing import Union

import h11

#: Bytes of a head, or of trailers, that is not complete yet.
LARGEST_HEAD = 32 * 1024

#: Lines of these that have to come before no more are taken.
MOST_LINES = 256

#: Bytes that h11 is given at once of what it has to parse: a head, chunks, or the middle of a
#: large chunk.
PIECE = 1024
CHUNKS = 4 * 1024
INSIDE_CHUNK = 16 * 1024

#: What next_event returns; the markers are h11.NEED_DATA and h11.PAUSED.
Found = Union[h11.Event, "type[h11.NEED_DATA]", "type[h11.PAUSED]"]


def connection(role: type[h11.CLIENT | h11.SERVER]) -> h11.Connection:
    """One with the limits that hold here."""
    return h11.Connection(role, max_incomplete_event_size=LARGEST_HEAD)


class Intake:
    """One side's bytes, on their way to its h11 connection.

    Arguments:
        connection: parses them.
    """

    def __init__(self, connection: h11.Connection) -> None:
        self._connection = connection
        self._unread = b""
        self._at = 0
        self._ended = self._said_end = self._is_inside = False
        #: Bytes of content that are still to come; None: they come in chunks.
        self._content: int | None = 0
        #: Lines that h11 was given since its last event: of one that is not complete.
        self._lines = 0

    def receive(self, data: bytes) -> None:
        """Take bytes; ``b""`` is the end."""
        if data:
            self._unread = self._unread[self._at :] + data
            self._at = 0
        else:
            self._ended = True

    @property
    def rest(self) -> bytes:
        """What no event has been made of."""
        return self._connection.trailing_data[0] + self._unread[self._at :]

    def next_event(self) -> Found:
        """Return the next event, as h11 has it. Raises h11.RemoteProtocolError."""
        while True:
            event: Found = self._connection.next_event()
            if event is h11.NEED_DATA and self._feed():
                continue
            self._lines = 0
            self._is_inside = isinstance(event, h11.Data) and not event.chunk_end
            if isinstance(event, (h11.Request, h11.Response)):
                self._content = _length(event)
            elif isinstance(event, h11.Data) and self._content is not None:
                self._content -= len(event.data)
            elif isinstance(event, h11.EndOfMessage):
                self._content = 0
            return event

    def _feed(self) -> bool:
        """Give h11 some more; False when there is nothing more."""
        if self._content is None:
            size = INSIDE_CHUNK if self._is_inside else CHUNKS
        else:
            size = max(self._content, PIECE)
        piece = self._unread[self._at : self._at + size]
        if piece:
            if self._lines > MOST_LINES:
                raise h11.RemoteProtocolError("too many lines", error_status_hint=431)
            if not self._content:
                self._lines += piece.count(b"\n")
            self._at += len(piece)
            self._connection.receive_data(piece)
        elif self._ended and not self._said_end:
            self._said_end = True
            self._connection.receive_data(b"")
        else:
            return False
        return True


def _length(head: h11.Request | h11.Response) -> int | None:
    """Return the length of the content as the head has it, or more where only the end ends it."""
    found = dict(head.headers)
    if b"transfer-encoding" in found:
        return None
    if b"content-length" in found:
        return int(found[b"content-length"])
    return 1 << 62 if isinstance(head, h11.Response) else 0
