"""Standard input and output with conversion: output passes through a Screen.

Loaded if standard output is a terminal (layers/screen.py), or if the user wants to see, or to
type, bytes in another form (layers/display.py, layers/notation.py).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from ..core.errors import UsageError
from ..core.typed import TYPE_CHECKING
from ..layers.screen import Screen
from .descriptors import write
from .stdio import Stdio

if TYPE_CHECKING:
    from ..layers.display import Display
    from ..layers.notation import EscapeReader, HexReader

#: Bytes that one call of send() filters at most.
PIECE = 4096


class ScreenStdio(Stdio):
    """Standard input and output, with conversion.

    Arguments:
        stdin, stdout: see Stdio.
        screen: converts the output.
        reader: parses the input, which is a notation of bytes.
        wrong: called with the error in a typed line, which is not sent then.
        owns_stdout: see Stdio.
    """

    #: The kernel cannot move bytes that are converted.
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
        #: How many bytes of send() have been converted to the bytes that wait here.
        self._taken = 0
        self._waiting = b""

    def send(self, data: bytes | memoryview) -> int:
        """Write as much as possible without blocking. Raises OSError.

        The caller must repeat the same bytes until they are all written, as for any Sink.
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
        """Return the bytes that were typed; ``b""`` at EOF.

        Raises UsageError for invalid input, unless a user types it: then the line is not sent.
        Raises OSError.
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
            raise BlockingIOError  # b"" would be EOF
        return read

    @property
    def size(self) -> int | None:
        """The number of bytes to send, if known; else None."""
        return super().size if self._reader is None else None

    def show(self, data: bytes) -> None:
        """Write all the data; this may block. Raises OSError."""
        self._write_now(self._screen.feed(data))

    @property
    def shows_sent(self) -> Callable[[bytes], None] | None:
        """The function that shows sent bytes, or None. Raises OSError."""
        if not getattr(self._screen, "shows_sent", False):
            return None
        screen: Display = self._screen  # type: ignore[assignment]
        return lambda data: self._write_now(screen.sent(data))

    def _write_now(self, data: bytes) -> None:
        waiting, self._waiting = self._waiting, b""
        super().show(waiting + data)

    def without_input(self) -> Stdio:
        """Return an object with the same output and without input."""
        return ScreenStdio(None, self._stdout, self._screen)

    def close(self) -> None:
        """Show incomplete sequences, and close our own resources. Idempotent."""
        rest, self._waiting = self._waiting + self._screen.end(), b""
        try:
            while rest:
                rest = rest[write(self._stdout, rest) :]
        except OSError:
            pass  # the terminal has hung up
        super().close()


def is_utf8(environment: Mapping[str, str]) -> bool:
    """Return whether text on the terminal is UTF-8, the default unless the locale says otherwise.

    (This uses the locale's codeset, POSIX XBD 8.2, and not the C library, for which the locale C is
    ASCII: a terminal still shows UTF-8 then.)
    """
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    name = next(filter(None, (environment.get(name) for name in names)), "")
    codeset = name.partition(".")[2].partition("@")[0].lower().replace("-", "")
    return codeset in ("", "utf8") or os.name == "nt"
