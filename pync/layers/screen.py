"""The converter of a peer's bytes for the terminal. No I/O."""

from __future__ import annotations

from ..core.typed import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .control_sequences import SequenceFilter


class Screen(Protocol):
    """A converter of bytes for standard output."""

    def feed(self, data: bytes, /) -> bytes:
        """Return what to write for these bytes."""

    def end(self) -> bytes:
        """Return what to write at the end."""


class ScreenFilter:
    """A filter: text and drawing pass; other control sequences are shown (control_sequences.py).

    Most output is plain text: the module for the sequences is loaded only when something else
    comes (5 ms).

    Arguments:
        utf8: whether the terminal's text is UTF-8.
    """

    def __init__(self, *, utf8: bool = True) -> None:
        self._utf8 = utf8
        self._sequences: SequenceFilter | None = None

    def feed(self, data: bytes) -> bytes:
        """Return what to write for these bytes."""
        if self._sequences is None:
            if data.isascii() and b"\x1b" not in data and b"\x05" not in data:
                return data
            from .control_sequences import SequenceFilter

            self._sequences = SequenceFilter(utf8=self._utf8)
        return self._sequences.feed(data)

    def end(self) -> bytes:
        """Return what to write at the end: an incomplete sequence or character."""
        return b"" if self._sequences is None else self._sequences.end()


class Unfiltered:
    """No filter: the terminal executes all sequences of the peer (``--raw``)."""

    def feed(self, data: bytes) -> bytes:
        """Return these bytes."""
        return data

    def end(self) -> bytes:
        """Return nothing: no bytes are held back."""
        return b""
