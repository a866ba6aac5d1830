r"""The display of moved bytes on standard output (--show, --marks, --timestamps, --colour). No I/O.

    14:02:11.123 < HTTP/1.1 200 OK\r\n
    14:02:11.124 > 0000   47 45 54 20 2f 20 48 54  54 50 2f 31 2e 31 0d 0a  GET / HTTP/1.1..

A line starts with the time and the direction of its first byte. Bytes of the other direction in
the middle of a line start a new line.
"""

from __future__ import annotations

from collections.abc import Callable

from ..core.hexdump import hexdump
from .notation import Escaper
from .screen import Screen

#: The mark before the lines of each direction, and their colour (SGR).
MARKS = {"sent": b"> ", "received": b"< "}
COLOURS = {"sent": b"\x1b[36m", "received": b"\x1b[32m"}
#: Back to the default colour; other attributes stay as the peer has set them.
USUAL = b"\x1b[39m"


class Dump:
    """A Screen that shows rows of hexadecimal numbers, with a continuous offset."""

    def __init__(self) -> None:
        self._offset = 0

    def feed(self, data: bytes) -> bytes:
        """Return whole rows for these bytes."""
        rows = hexdump(data, self._offset)
        self._offset += len(data)
        return rows.encode()

    def end(self) -> bytes:
        """Return nothing: no bytes are held back."""
        return b""


#: The values of --show except text.
FORMS: dict[str, Callable[[], Screen]] = {"hex": Dump, "escape": Escaper}


class Display:
    """The display of received bytes, and with marks also of sent bytes, in order.

    Arguments:
        form: makes the converter of one direction's bytes.
        is_text: whether the form is the peer's text, in which there are no colours.
        marks: whether the direction is shown before each line.
        now: returns the time to show before each line; None: show no times.
        colours: whether marks, and lines that are not text, have colours.
        echoes: whether a terminal has already shown the sent bytes when they were typed.
    """

    def __init__(
        self,
        form: Callable[[], Screen],
        *,
        is_text: bool,
        marks: bool = False,
        now: Callable[[], str] | None = None,
        colours: bool = False,
        echoes: bool = False,
    ) -> None:
        #: Whether sent() must be called with sent bytes.
        self.shows_sent = marks
        self._forms = {"sent": form(), "received": form()}
        self._is_text = is_text
        self._marks = marks
        self._now = now
        self._colours = colours
        self._echoes = echoes
        self._direction = "received"
        self._begins_line = True

    def feed(self, data: bytes) -> bytes:
        """Return what to write for received bytes."""
        return self._shown("received", self._forms["received"].feed(data))

    def sent(self, data: bytes) -> bytes:
        """Return what to write for sent bytes."""
        return self._shown("sent", self._forms["sent"].feed(data))

    def end(self) -> bytes:
        """Return what to write at the end."""
        return b"".join(self._shown(way, form.end()) for way, form in self._forms.items())

    def _shown(self, direction: str, body: bytes) -> bytes:
        if not body or not (self._marks or self._now):
            return body
        shown = []
        if direction != self._direction and not self._begins_line:
            # When the user types, Enter has already ended the line on the screen.
            shown.append(b"" if direction == "sent" and self._echoes else b"\n")
            self._begins_line = True
        self._direction = direction
        for line in _lines(body):
            shown.append(self._line(direction, line))
            self._begins_line = line.endswith(b"\n")
        return b"".join(shown)

    def _line(self, direction: str, line: bytes) -> bytes:
        head = b""
        if self._begins_line:
            time_of_day = self._now().encode() + b" " if self._now else b""
            head = time_of_day + (MARKS[direction] if self._marks else b"")
        if not self._colours:
            return head + line
        if self._is_text:
            return COLOURS[direction] + head + USUAL + line if head else line
        text = line.removesuffix(b"\n")
        return COLOURS[direction] + head + text + USUAL + line[len(text) :]


def _lines(text: bytes) -> list[bytes]:
    # (bytes.splitlines() would also cut at a CR.)
    lines = [line + b"\n" for line in text.split(b"\n")]
    last = lines.pop().removesuffix(b"\n")
    return [*lines, last] if last else lines
