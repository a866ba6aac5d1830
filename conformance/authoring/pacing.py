r"""Forward typed lines one at a time, each after the previous one has been answered.

A person types lines in this way, but ``printf 'hello\nquit\n' |`` sends all lines in one segment,
and it would not be known which answer belongs to which line. Binary data and large data are not
delayed. No I/O: the caller passes the time.
"""

from __future__ import annotations

import re

#: Seconds without a byte after which an answer is complete.
QUIET = 0.1

#: Seconds to wait for the beginning of an answer, or of a greeting.
PATIENCE = 0.4

#: Seconds after which the next line is forwarded although the server is still sending.
LONGEST = 2.0

#: The number of lines in a row without an answer after which the next ones wait only briefly,
#: because they are probably lines of one request or message; the seconds for each of these.
UNANSWERED, IN_A_ROW = 2, 0.03

#: The most bytes and lines that wait.
MOST, MOST_LINES = 16 * 1024, 200

#: Bytes that no line of text contains: control characters other than tabs and line ends, and 0xFF,
#: with which telnet commands begin (RFC 854).
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\xff]")


class Pacing:
    """The data from the client that has not been forwarded to the server yet.

    Arguments:
        now: the time of the connect, in seconds of any clock.
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
        """Add data from the client."""
        self._waiting += data
        self._is_bulk = (
            len(self._waiting) > MOST
            or self._waiting.count(b"\n") > MOST_LINES
            or bool(_BINARY.search(self._waiting))
        )

    def heard(self, now: float) -> None:
        """Record that the server has sent something."""
        self._heard = now
        self._unanswered = 0

    def take(self, now: float) -> bytes:
        """Return the data to be sent now; empty if there is none."""
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
        """Return whether the client has ended and its FIN may be forwarded."""
        return self.ended and not self._waiting and self._may_go_on(now)

    def rest(self) -> bytes:
        """Return all waiting data, before the end."""
        data = bytes(self._waiting)
        self._waiting.clear()
        return data

    @property
    def size(self) -> int:
        """The number of waiting bytes."""
        return len(self._waiting)

    def _may_go_on(self, now: float) -> bool:
        if self._is_bulk:
            return True
        if self._heard is not None:
            return now - self._heard >= QUIET or now - self._released >= LONGEST
        patience = IN_A_ROW if self._unanswered >= UNANSWERED else PATIENCE
        return now - self._released >= patience
