"""The output of the suite: every printed line goes through this module.

A server under test controls parts of these lines, and a CI system executes some lines: GitHub's
runner takes ``::error ...::`` at the beginning of a line, and ``##[error]`` anywhere in it, for a
command (actions/toolkit, "workflow commands").
"""

from __future__ import annotations

import os
import re
import secrets
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO

from . import style
from .verdict import NotWritten, cause_of

#: The places where the runner sees a command. It splits lines at CR too.
_COMMAND = re.compile(r"(?P<begin>(?:^|[\r\n])\s*):(?=:)|#(?=\[)")


#: The columns of a terminal whose width is unknown.
COLUMNS = 80

#: The word that ends a block of ``quoted``; None outside such a block.
_quoting: str | None = None


def harmless(text: str) -> str:
    """Return the text without anything that GitHub's runner would execute."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return text
    return _COMMAND.sub(lambda found: f"{found[0]} ", text)


def say(text: str, stream: IO[str] | None = None, *, end: str = "\n") -> None:
    """Print a text to the stream, by default to standard output.

    Raises BrokenPipeError if the stream's reader has closed it, NotWritten for other failures.
    """
    stream = stream or sys.stdout
    if stream is None:
        return  # there is no standard output
    encoding = getattr(stream, "encoding", None) or "utf-8"
    shown = harmless(text).encode(encoding, "backslashreplace").decode(encoding)
    try:
        stream.write(shown + end)
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        silence(stream)
        raise NotWritten(f"standard output: {cause_of(error)}") from None


def silence(stream: IO[str]) -> None:
    """Discard the stream's buffer: Python would try to write it again at exit."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def finish() -> None:
    """Write what standard output still holds, or discard it if that fails.

    ``say`` reports its failures, so only text is left that could not be written before. Python
    would try it again at exit, report an ignored exception, and replace the exit status by 120.
    (``silence`` is not enough: if pytest was capturing descriptor 1, it has restored it since.)
    """
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        silence(sys.stdout)


#: Seconds between two updates of the progress.
MOVE_INTERVAL = 0.5


class Screen:
    """The output stream of a run. If printing fails, the run continues, for its reports.

    Arguments:
        stream: where to print; None is standard output.
    """

    def __init__(self, stream: IO[str] | None = None) -> None:
        self.stream = stream or sys.stdout
        self.is_terminal = self.stream is not None and self.stream.isatty()
        self._coloured = style.chosen(self.stream)
        #: The error of printing; None if the reader has closed the stream, which is not an error.
        self.failure: NotWritten | None = None
        self._gone = False
        self._lock = threading.Lock()

    def say(self, line: str) -> None:
        """Print a line; it replaces the progress if that is shown."""
        if self.is_terminal:
            line = style.broken(line, self._columns())
        if self._coloured:
            line = style.coloured(line)
        self._say(f"\r\x1b[K{line}" if self.is_terminal else line, "\n")

    def progress(self, text: str) -> None:
        """Show a text until the next line is printed, if the stream is a terminal."""
        if self.is_terminal:
            # A text that is longer than the line could not be erased.
            self._say(f"\r\x1b[K{text[: self._columns() - 1]}", "")

    @contextmanager
    def moving(self, text: Callable[[], str]) -> Iterator[None]:
        """Update the progress regularly, also while no case ends, if the stream is a terminal.

        Arguments:
            text: returns the text to show now; it is called by another thread.
        """
        over = threading.Event()

        def move() -> None:
            while not over.wait(MOVE_INTERVAL):
                self.progress(text())

        mover = threading.Thread(target=move, daemon=True)
        if self.is_terminal:
            mover.start()
        try:
            yield
        finally:
            over.set()
            if self.is_terminal:
                mover.join()

    def _columns(self) -> int:
        # shutil prefers the variable COLUMNS, which may be the width of another terminal.
        assert self.stream is not None
        try:
            columns = os.get_terminal_size(self.stream.fileno()).columns
        except (OSError, ValueError):
            columns = 0
        return columns or COLUMNS

    def _say(self, text: str, end: str) -> None:
        with self._lock:
            if self._gone or self.stream is None:
                return
            try:
                say(text, self.stream, end=end)
            except BrokenPipeError:
                self._gone = True
                silence(self.stream)
            except NotWritten as failure:
                self._gone, self.failure = True, failure


def complain(text: str, lines: tuple[str, ...] = ()) -> None:
    """Print an error to standard error, with the last lines of a program below it."""
    if sys.stderr is None:
        return
    with suppress(OSError, NotWritten):  # the exit status reports the error too
        say(f"conformance: {text}", sys.stderr)
        for line in lines:
            say(f"  | {line}", sys.stderr)


@contextmanager
def quoted(stream: IO[str] | None = None) -> Iterator[None]:
    """Make GitHub Actions treat the output of the block as text, not as commands.

    Arguments:
        stream: the stream of the output; None is standard output, the only one that a runner reads.
    """
    if stream is not None or os.environ.get("GITHUB_ACTIONS") != "true":
        yield
        return
    global _quoting
    _quoting = secrets.token_hex(16)
    _print(f"::stop-commands::{_quoting}")
    try:
        yield
    finally:
        _print(f"::{_quoting}::")
        _quoting = None


def command(line: str) -> None:
    """Print one of the suite's own workflow commands."""
    if _quoting:
        _print(f"::{_quoting}::")
    _print(line)
    if _quoting:
        _print(f"::stop-commands::{_quoting}")


def _print(line: str) -> None:
    if sys.stdout is None:
        return
    # If printing fails, the Screen reports it.
    with suppress(OSError):
        sys.stdout.write(line.encode("ascii", "backslashreplace").decode("ascii") + "\n")
        sys.stdout.flush()
