"""The speed of a direction: a pause after each line (``-i``), or bytes a second (``--rate``).

A pace cuts the bytes read into the pieces for one write each, and returns how long to
wait after each. It has no clock and no descriptor.
"""

from __future__ import annotations

from ..core.typed import Protocol

#: Seconds' worth of bytes in one piece: small enough to be smooth, large enough to be cheap.
_GRAIN = 0.05

#: The largest piece in bytes, at any rate: the window of a fast network.
_LARGEST_PIECE = 256 * 1024

#: The longest delay in seconds that is made up for by sending faster afterwards.
_CATCH_UP = 0.2


class Pace(Protocol):
    """The speed of a direction."""

    def pieces(self, data: bytes) -> list[bytes]:
        """Return the bytes that were read, cut into the pieces of one write each."""

    def pause(self, written: int, now: float) -> float:
        """Return the seconds to wait after writing so many bytes at the time ``now`` (seconds)."""


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
        """Return the same pause for every line."""
        return self._interval


class Delay:
    """A pause after every read (ncat's -d).

    Arguments:
        seconds: of each pause.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def pieces(self, data: bytes) -> list[bytes]:
        """Return the bytes of the read as one piece."""
        return [data]

    def pause(self, written: int, now: float) -> float:  # noqa: ARG002 - a Pace
        """Return the same pause for every read."""
        return self._seconds


class Rate:
    """A limit of bytes a second, evenly spread.

    Arguments:
        rate: bytes a second.
        whole: do not cut the bytes of one read (datagrams).
    """

    def __init__(self, rate: float, *, whole: bool = False) -> None:
        self._rate = rate
        self._piece = max(1, min(_LARGEST_PIECE, int(rate * _GRAIN)))
        self._whole = whole
        self._due = 0.0

    def pieces(self, data: bytes) -> list[bytes]:
        """Return pieces of equal size."""
        if self._whole:
            return [data]
        return [data[at : at + self._piece] for at in range(0, len(data), self._piece)]

    def pause(self, written: int, now: float) -> float:
        """Return the time that these bytes take at the rate, less the delay of late timers."""
        self._due = max(self._due, now - _CATCH_UP) + written / self._rate
        return max(0.0, self._due - now)
