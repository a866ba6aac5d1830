"""What is between a peer and the terminal. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .control_sequences import SequenceFilter


class Screen(Protocol):
    """What is between a peer and the terminal."""

    def feed(self, data: bytes, /) -> bytes:
        """What to write for these bytes."""
        ...

    def end(self) -> bytes:
        """What to write at the end."""
        ...


class ScreenFilter:
    """Lets text pass, and what draws; other control sequences are shown (control_sequences.py).

    Most of what is shown is plain text: until something else comes, what knows the sequences is not
    loaded (5 ms).

    Arguments:
        utf8: whether the terminal's text is UTF-8.
    """

    def __init__(self, *, utf8: bool = True) -> None:
        self._utf8 = utf8
        self._sequences: SequenceFilter | None = None

    def feed(self, data: bytes) -> bytes:
        """What to write for these bytes."""
        if self._sequences is None:
            if data.isascii() and b"\x1b" not in data and b"\x05" not in data:
                return data
            from .control_sequences import SequenceFilter

            self._sequences = SequenceFilter(utf8=self._utf8)
        return self._sequences.feed(data)

    def end(self) -> bytes:
        """What to write at the end: what the last bytes began and did not finish."""
        return b"" if self._sequences is None else self._sequences.end()


class Unfiltered:
    """The terminal obeys the peer (``--raw``)."""

    def feed(self, data: bytes) -> bytes:
        """These bytes."""
        return data

    def end(self) -> bytes:
        """Nothing: nothing is held."""
        return b""
