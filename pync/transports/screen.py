"""Standard input and output that are translated: what is written passes through a Screen.

Loaded where standard output is a terminal (layers/screen.py), or where the user wants to see, or to
type, bytes in another form (layers/display.py, layers/notation.py).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

from ..core.errors import UsageError
from ..layers.screen import Screen
from .stdio import Stdio, write

if TYPE_CHECKING:
    from ..layers.display import Display
    from ..layers.notation import EscapeReader, HexReader

#: Bytes that are filtered at a time: one more write after what a terminal takes at once.
PIECE = 4096


class ScreenStdio(Stdio):
    """Standard input and output, translated.

    Arguments:
        stdin, stdout: as of Stdio.
        screen: what is written passes through it.
        reader: reads what is typed, which is a notation of bytes.
        wrong: is told what is wrong with a typed line, which is not sent then.
        owns_stdout: as of Stdio.
    """

    #: The kernel cannot move what has to be translated.
    layered = True

    def __init__(
        self,
        stdin: int | None,
        stdout: int,
        screen: Screen,
        *,
        reader: HexReader | EscapeReader | None = None,
        wrong: Callable[[str], None] | None = None,
        owns_stdout: bool = False,
    ) -> None:
        super().__init__(stdin, stdout, owns_stdout=owns_stdout)
        self._screen = screen
        self._reader = reader
        self._wrong = wrong
        #: How many bytes that were given to send() have become what waits here.
        self._taken = 0
        self._waiting = b""

    def send(self, data: bytes | memoryview) -> int:
        """Write as much as can be written without blocking. Raises OSError.

        What has been begun is given again until it is all written, as Sink has it.
        """
        if not self._taken:
            piece = bytes(data[:PIECE])
            self._waiting = self._screen.feed(piece)
            self._taken = len(piece)
        while self._waiting:
            self._waiting = self._waiting[super().send(self._waiting) :]
        taken, self._taken = self._taken, 0
        return taken

    def recv(self, size: int) -> bytes:
        """The bytes that were typed; ``b""`` at EOF.

        Raises UsageError for input that means none, unless somebody types it: then that line is
        not sent. Raises OSError.
        """
        data = super().recv(size)
        if self._reader is None:
            return data
        try:
            read = self._reader.feed(data)
            if not data:
                self._reader.end()
        except UsageError as error:
            if not self.interactive or self._wrong is None:
                raise UsageError(f"--input: {error}") from None
            self._wrong(f"--input: {error}; the line is not sent")
            self._reader.forget_line()
            read = b""
        if data and not read:
            raise BlockingIOError  # that would be EOF
        return read

    @property
    def size(self) -> int | None:
        """How many bytes are to be sent, where that is known."""
        return super().size if self._reader is None else None

    def show(self, data: bytes) -> None:
        """Write all of it, however long that takes. Raises OSError."""
        self._write_now(self._screen.feed(data))

    @property
    def shows_sent(self) -> Callable[[bytes], None] | None:
        """Shows what was sent, if that is wanted. Raises OSError."""
        if not getattr(self._screen, "shows_sent", False):
            return None
        screen = cast("Display", self._screen)
        return lambda data: self._write_now(screen.sent(data))

    def _write_now(self, data: bytes) -> None:
        waiting, self._waiting = self._waiting, b""
        super().show(waiting + data)

    def without_input(self) -> Stdio:
        """The same output, for what needs no input."""
        return ScreenStdio(None, self._stdout, self._screen)

    def close(self) -> None:
        """Show what was cut off, and let go of what is ours. Idempotent."""
        rest, self._waiting = self._waiting + self._screen.end(), b""
        try:
            while rest:
                rest = rest[write(self._stdout, rest) :]
        except OSError:
            pass  # the terminal has hung up
        super().close()


def is_utf8(environment: Mapping[str, str]) -> bool:
    """Whether text on the terminal is UTF-8: unless the locale says otherwise, it is today.

    (The locale's codeset as POSIX has it, XBD 8.2; without asking the C library, which takes C for
    ASCII, and in C a terminal still shows UTF-8.)
    """
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    name = next(filter(None, (environment.get(name) for name in names)), "")
    codeset = name.partition(".")[2].partition("@")[0].lower().replace("-", "")
    return codeset in ("", "utf8") or os.name == "nt"
