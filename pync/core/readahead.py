"""The received bytes that are not returned yet, and the requests for them. Pure.

Blocking connections and those of asyncio share this: a request examines the buffer, and returns its
result, or None when it needs more bytes. Bytes that it does not take stay, for the next request and
for a plain ``recv``. Results do not depend on how the stream was cut into reads, except that a
regular expression sees only the bytes received so far.
"""

from __future__ import annotations

import errno
import re

from .errors import Cause, NetworkError
from .typed import Generic, TypeVar

#: The limit of bytes in a line, or before a delimiter or a match.
LIMIT = 1024 * 1024

#: Bytes of one read.
READ = 64 * 1024

_Found = TypeVar("_Found")

#: The bytes of received data that an error shows from its start, and from its end.
_SHOWN = 40


class ReadAhead:
    """A buffer of received bytes that are not returned yet."""

    def __init__(self) -> None:
        self._data = bytearray()

    def __len__(self) -> int:
        return len(self._data)

    def feed(self, data: bytes) -> None:
        """Add received bytes."""
        self._data += data

    def take(self, size: int) -> bytes:
        """Remove and return up to ``size`` bytes."""
        if size >= len(self._data):
            data, self._data = bytes(self._data), bytearray()
            return data
        data = bytes(self._data[:size])
        del self._data[:size]
        return data

    def look(self, size: int | None = None) -> bytes:
        """Return a copy of the first bytes, or of all, without removing them."""
        return bytes(self._data if size is None else self._data[:size])

    def find(self, delimiter: bytes, start: int) -> int:
        """Return the position of the delimiter from ``start`` on; -1 if there is none."""
        return self._data.find(delimiter, start)


class Request(Generic[_Found]):
    """A request for received bytes.

    Arguments:
        operation: the name of the call, for errors.
    """

    def __init__(self, operation: str) -> None:
        self.operation = operation

    def look(self, held: ReadAhead, peer: object) -> _Found | None:
        """Remove and return the result from the buffer; None if more bytes are needed.

        Raises LimitError.
        """
        raise NotImplementedError

    def at_end(self, held: ReadAhead, peer: object) -> _Found:
        """Return the result at the peer's end. Raises IncompleteError."""
        raise incomplete(self.operation, peer, held)


class Exactly(Request[bytes]):
    """The request for exactly so many bytes."""

    def __init__(self, size: int) -> None:
        super().__init__(f"recv_exactly({size})")
        if size < 0:
            raise ValueError(f"recv_exactly: a size cannot be negative: {size}")
        self._size = size

    def look(self, held: ReadAhead, peer: object) -> bytes | None:  # noqa: ARG002, D102
        return held.take(self._size) if len(held) >= self._size else None


class Until(Request[bytes]):
    """The request for everything up to a delimiter, including it."""

    def __init__(self, delimiter: bytes, limit: int | None, operation: str = "") -> None:
        super().__init__(operation or f"recv_until({delimiter!r})")
        if not delimiter:
            raise ValueError("recv_until: the delimiter is empty")
        self._delimiter = delimiter
        self._limit = limit
        #: Where to continue the search: no byte is searched twice.
        self._start = 0

    def look(self, held: ReadAhead, peer: object) -> bytes | None:  # noqa: D102
        found = held.find(self._delimiter, self._start)
        end = found + len(self._delimiter) if found >= 0 else len(held)
        if self._limit is not None and end > self._limit:
            raise _overlong(self.operation, peer, held, self._limit)
        if found >= 0:
            return held.take(end)
        # A delimiter may be split between two reads.
        self._start = max(0, len(held) - len(self._delimiter) + 1)
        return None


class Line(Until):
    """The request for a line with its LF; the last one may have none, and ``b""`` is the end."""

    def __init__(self, limit: int | None) -> None:
        super().__init__(b"\n", limit, "recv_line()")

    def at_end(self, held: ReadAhead, peer: object) -> bytes:  # noqa: ARG002, D102
        return held.take(len(held))


class Rest(Request[bytes]):
    """The request for everything up to the end."""

    def __init__(self, limit: int | None) -> None:
        super().__init__("recv_all()")
        self._limit = limit

    def look(self, held: ReadAhead, peer: object) -> bytes | None:  # noqa: D102
        if self._limit is not None and len(held) > self._limit:
            raise _overlong(self.operation, peer, held, self._limit)
        return None

    def at_end(self, held: ReadAhead, peer: object) -> bytes:  # noqa: ARG002, D102
        return held.take(len(held))


class Matching(Request["re.Match[bytes]"]):
    """The request for everything up to the end of a regular expression's first match."""

    def __init__(self, pattern: bytes | re.Pattern[bytes], limit: int | None) -> None:
        self._pattern = re.compile(pattern)
        super().__init__(f"expect({self._pattern.pattern!r})")
        self._limit = limit
        self._seen = -1

    def look(self, held: ReadAhead, peer: object) -> re.Match[bytes] | None:  # noqa: D102
        if len(held) == self._seen:
            return None
        self._seen = len(held)
        # (A match refers to the searched bytes, which must not change afterwards: use a copy.)
        match = self._pattern.search(held.look(self._limit))
        if match:
            held.take(match.end())
        elif self._limit is not None and len(held) > self._limit:
            raise _overlong(self.operation, peer, held, self._limit)
        return match


class IncompleteError(NetworkError, EOFError):
    """The peer ended before the requested bytes had come.

    ``received``: the bytes that had come; they can still be read.
    """

    received: bytes = b""


class ReadTimeoutError(NetworkError, TimeoutError):
    """The requested bytes had not come when the time was over.

    ``received``: the bytes that had come; they can still be read.
    """

    received: bytes = b""


class LimitError(NetworkError):
    """A line, or the data before a delimiter or a match, is longer than the limit.

    ``received``: the bytes that had come; they can still be read.
    """

    received: bytes = b""


def incomplete(operation: str, peer: object, held: ReadAhead) -> IncompleteError:
    """Return the error for an end that came too early."""
    received = held.look()
    error = IncompleteError(operation, peer, f"the peer ended; {_shown(received)}")
    error.received = received
    return error


def timed_out(operation: str, peer: object, held: ReadAhead) -> ReadTimeoutError:
    """Return the error for a time-out."""
    received = held.look()
    cause = Cause(f"timed out; {_shown(received)}", errno.ETIMEDOUT)
    error = ReadTimeoutError(operation, peer, cause)
    error.received = received
    return error


def _overlong(operation: str, peer: object, held: ReadAhead, limit: int) -> LimitError:
    received = held.look()
    cause = f"more than {limit} bytes without it (limit=); {_shown(received)}"
    error = LimitError(operation, peer, cause)
    error.received = received
    return error


def _shown(received: bytes) -> str:
    if not received:
        return "nothing had come"
    if len(received) <= 2 * _SHOWN:
        return f"received {received!r}"
    return f"received {len(received)} bytes: {received[:_SHOWN]!r} ... {received[-_SHOWN:]!r}"
