"""How fast a direction goes: a pause after each line (``-i``), or bytes a second (``--rate``).

A pace cuts what was read into the pieces that are written at once, and says how long to
wait after each. It has no clock and no descriptor.
"""

from __future__ import annotations

from typing import Protocol

#: Seconds' worth of bytes in one piece: small enough to be smooth, large enough to be cheap.
_GRAIN = 0.05

#: Bytes of a piece at most, whatever the rate: the window of a fast network.
_LARGEST_PIECE = 256 * 1024

#: Seconds by which it may have been late and hurry afterwards.
_CATCH_UP = 0.2


class Pace(Protocol):
    """How fast a direction goes."""

    def pieces(self, data: bytes) -> list[bytes]:
        """What was read, cut into what is written at once."""
        ...

    def pause(self, written: int, now: float) -> float:
        """Seconds to wait after so many bytes have been written, at this time (seconds)."""
        ...


class LineByLine:
    """A pause after every line.

    Arguments:
        interval: seconds.
        delimiter: what ends a line.
    """

    def __init__(self, interval: float, delimiter: bytes = b"\n") -> None:
        self._interval = interval
        self._delimiter = delimiter

    def pieces(self, data: bytes) -> list[bytes]:
        """Return the lines, each with its end; bytes.splitlines would also cut at a lone CR."""
        *lines, rest = data.split(self._delimiter)
        return [line + self._delimiter for line in lines] + ([rest] if rest else [])

    def pause(self, written: int, now: float) -> float:  # noqa: ARG002 - a Pace
        """Return the same after every line."""
        return self._interval


class Delay:
    """A pause after everything that was read (ncat's -d).

    Arguments:
        seconds: of each pause.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def pieces(self, data: bytes) -> list[bytes]:
        """What was read, whole."""
        return [data]

    def pause(self, written: int, now: float) -> float:  # noqa: ARG002 - a Pace
        """Return the same after every read."""
        return self._seconds


class Rate:
    """At most so many bytes a second, evenly.

    Arguments:
        rate: bytes a second.
        whole: leave what was read whole (datagrams).
    """

    def __init__(self, rate: float, *, whole: bool = False) -> None:
        self._rate = rate
        self._piece = max(1, min(_LARGEST_PIECE, int(rate * _GRAIN)))
        self._whole = whole
        self._due = 0.0

    def pieces(self, data: bytes) -> list[bytes]:
        """Pieces of equal size."""
        if self._whole:
            return [data]
        return [data[at : at + self._piece] for at in range(0, len(data), self._piece)]

    def pause(self, written: int, now: float) -> float:
        """As long as these bytes may take; timers come late, and that is made up for."""
        self._due = max(self._due, now - _CATCH_UP) + written / self._rate
        return max(0.0, self._due - now)
