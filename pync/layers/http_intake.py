"""The bytes of one side of an HTTP proxy, passed to h11 in pieces. Pure.

h11 parses a head, or the trailers of a chunked message, in one step, however many lines they
have. A piece is small, so that no step takes long; only content of known length is passed on as
it was received.
"""

from __future__ import annotations

import h11

from ..core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    #: The result of next_event; the markers are h11.NEED_DATA and h11.PAUSED.
    Found = type[h11.NEED_DATA | h11.PAUSED] | h11.Event

#: The limit of bytes of an incomplete head, or of incomplete trailers.
LARGEST_HEAD = 32 * 1024

#: The limit of lines in these.
MOST_LINES = 256

#: Bytes that are passed to h11 at once when it has to parse them: of a head, of chunks, and inside
#: a large chunk.
PIECE = 1024
CHUNKS = 4 * 1024
INSIDE_CHUNK = 16 * 1024


def connection(role: type[h11.CLIENT | h11.SERVER]) -> h11.Connection:
    """Return an h11 connection with our limits."""
    return h11.Connection(role, max_incomplete_event_size=LARGEST_HEAD)


class Intake:
    """The bytes of one side on their way to its h11 connection.

    Arguments:
        connection: parses the bytes.
    """

    def __init__(self, connection: h11.Connection) -> None:
        self._connection = connection
        self._unread = b""
        self._at = 0
        self._ended = self._said_end = self._is_inside = False
        #: The bytes of content that are still to come; None if they come in chunks.
        self._content: int | None = 0
        #: The lines passed to h11 since its last event, which belong to an incomplete one.
        self._lines = 0

    def receive(self, data: bytes) -> None:
        """Add received bytes; ``b""`` is the end."""
        if data:
            self._unread = self._unread[self._at :] + data
            self._at = 0
        else:
            self._ended = True

    @property
    def rest(self) -> bytes:
        """The bytes that are in no event yet."""
        return self._connection.trailing_data[0] + self._unread[self._at :]

    def next_event(self) -> Found:
        """Return h11's next event. Raises h11.RemoteProtocolError."""
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
        """Pass the next piece to h11; return False when there is none."""
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
    """Return the content's length according to the head; None if chunked, huge if until EOF."""
    found = dict(head.headers)
    if b"transfer-encoding" in found:
        return None
    if b"content-length" in found:
        return int(found[b"content-length"])
    return 1 << 62 if isinstance(head, h11.Response) else 0
