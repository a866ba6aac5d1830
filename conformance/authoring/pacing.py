r"""How typed lines are passed on: one at a time, each when the one before it has been answered.

A person types so by nature; ``printf 'hello\nquit\n' |`` sends all lines in one segment, and
nothing could tell which answer belongs to which line. Binary data, and much of it, is not held
back. Pure: the caller tells the time.
"""

from __future__ import annotations

import re

#: Seconds without a byte after which an answer is whole.
QUIET = 0.1

#: Seconds to wait for the beginning of an answer, or of a greeting.
PATIENCE = 0.4

#: Seconds after which the next line is passed on although the server goes on talking.
LONGEST = 2.0

#: Lines in a row without an answer after which the next ones are hardly waited for: they are the
#: lines of one request, or of a message. The seconds for each of these.
UNANSWERED, IN_A_ROW = 2, 0.03

#: Bytes and lines that wait at most.
MOST, MOST_LINES = 16 * 1024, 200

#: What no line of text has: control characters other than tabs and line ends, and 0xFF, with
#: which the commands of telnet begin (RFC 854).
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\xff]")


class Pacing:
    """What the client has said and the server has not been told yet.

    Arguments:
        now: the time, in seconds of any clock; the connection has just been made.
    """

    def __init__(self, now: float) -> None:
        self._waiting = bytearray()
        self._is_bulk = False
        self._released = now
        self._heard: float | None = None
        self._is_first = True
        self._unanswered = 0
        #: Whether the client has ended.
        self.ended = False

    def put(self, data: bytes) -> None:
        """The client has said this."""
        self._waiting += data
        self._is_bulk = (
            len(self._waiting) > MOST
            or self._waiting.count(b"\n") > MOST_LINES
            or bool(_BINARY.search(self._waiting))
        )

    def heard(self, now: float) -> None:
        """The server has said something."""
        self._heard = now
        self._unanswered = 0

    def take(self, now: float) -> bytes:
        """Return what is to be sent now; empty when nothing is."""
        if not self._waiting or not self._may_go_on(now):
            return b""
        if self._is_bulk:
            data = bytes(self._waiting)
        else:
            data = bytes(self._waiting[: self._waiting.find(b"\n") + 1 or len(self._waiting)])
        if self._heard is None and not self._is_first:
            self._unanswered += 1
        del self._waiting[: len(data)]
        self._released, self._heard, self._is_first = now, None, False
        self._is_bulk = self._is_bulk and bool(self._waiting)
        return data

    def is_over(self, now: float) -> bool:
        """Return whether the client has ended and the server may be told."""
        return self.ended and not self._waiting and self._may_go_on(now)

    def rest(self) -> bytes:
        """Return all that waits, which nothing can follow."""
        data = bytes(self._waiting)
        self._waiting.clear()
        return data

    @property
    def size(self) -> int:
        """Bytes that wait."""
        return len(self._waiting)

    def _may_go_on(self, now: float) -> bool:
        if self._is_bulk:
            return True
        if self._heard is not None:
            return now - self._heard >= QUIET or now - self._released >= LONGEST
        patience = IN_A_ROW if self._unanswered >= UNANSWERED else PATIENCE
        return now - self._released >= patience
