"""Standard output that is a terminal: what a peer sends is filtered (layers/screen.py).

Loaded where there is a terminal only: a pipe or a file gets every byte as it came.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from ..layers.screen import Screen
from .stdio import Stdio, write

#: Bytes that are filtered at a time: one more write after what a terminal takes at once.
PIECE = 4096


class ScreenStdio(Stdio):
    """Standard input, and a terminal as standard output.

    Arguments:
        stdin, stdout: as of Stdio.
        screen: what is written passes through it.
        owns_stdout: as of Stdio.
    """

    def __init__(
        self, stdin: int | None, stdout: int, screen: Screen, *, owns_stdout: bool = False
    ) -> None:
        super().__init__(stdin, stdout, owns_stdout=owns_stdout)
        self._screen = screen
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

    def show(self, data: bytes) -> None:
        """Write all of it, however long that takes. Raises OSError."""
        super().show(self._screen.feed(data))

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
