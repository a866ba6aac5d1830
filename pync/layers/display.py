r"""How standard output shows what moves (--show, --marks, --timestamps, --colour). No I/O.

    14:02:11.123 < HTTP/1.1 200 OK\r\n
    14:02:11.124 > 0000   47 45 54 20 2f 20 48 54  54 50 2f 31 2e 31 0d 0a  GET / HTTP/1.1..

A line begins with the time and the direction of its first byte. What comes from the other side in
the middle of a line begins a new one.
"""

from __future__ import annotations

from collections.abc import Callable

from ..core.hexdump import hexdump
from .notation import Escaper
from .screen import Screen

#: What stands before the lines of a direction, and their colour (SGR).
MARKS = {"sent": b"> ", "received": b"< "}
COLOURS = {"sent": b"\x1b[36m", "received": b"\x1b[32m"}
#: The usual colour again; other attributes are left as the peer has set them.
USUAL = b"\x1b[39m"


class Dump:
    """A Screen: rows of hexadecimal numbers; the offset goes on."""

    def __init__(self) -> None:
        self._offset = 0

    def feed(self, data: bytes) -> bytes:
        """Whole rows."""
        rows = hexdump(data, self._offset)
        self._offset += len(data)
        return rows.encode()

    def end(self) -> bytes:
        """Nothing."""
        return b""


#: What --show may ask for besides text.
FORMS: dict[str, Callable[[], Screen]] = {"hex": Dump, "escape": Escaper}


class Display:
    """What is received, and with marks what is sent, one after the other.

    Arguments:
        form: makes what one direction's bytes look like.
        is_text: whether that is the peer's text, in which no colours are wanted.
        marks: whether the direction stands before each line.
        now: tells the time as it stands before each line; None: it does not.
        colours: whether marks, and lines that are not text, have colours.
        echoes: whether a terminal shows what is sent, when it is typed.
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
        #: Whether sent() is to be told what is sent.
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
        """What to write for bytes that were received."""
        return self._shown("received", self._forms["received"].feed(data))

    def sent(self, data: bytes) -> bytes:
        """What to write for bytes that were sent."""
        return self._shown("sent", self._forms["sent"].feed(data))

    def end(self) -> bytes:
        """What to write at the end."""
        return b"".join(self._shown(way, form.end()) for way, form in self._forms.items())

    def _shown(self, direction: str, body: bytes) -> bytes:
        if not body or not (self._marks or self._now):
            return body
        shown = []
        if direction != self._direction and not self._begins_line:
            # Who types ends the line on the screen with Enter.
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
    # (Of bytes, splitlines() takes a CR for an end too.)
    lines = [line + b"\n" for line in text.split(b"\n")]
    last = lines.pop().removesuffix(b"\n")
    return [*lines, last] if last else lines
