"""What the suite prints. Every line goes through here.

A server under test decides parts of these lines, and a CI system obeys some lines: GitHub's
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

#: Where the runner sees a command. It splits lines at CR too.
_COMMAND = re.compile(r"(?P<begin>(?:^|[\r\n])\s*):(?=:)|#(?=\[)")


#: Columns of a terminal that does not tell.
COLUMNS = 80

#: The word that ends ``quoted``; None outside of it.
_quoting: str | None = None


def harmless(text: str) -> str:
    """The text with nothing in it that GitHub's runner would obey."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return text
    return _COMMAND.sub(lambda found: f"{found[0]} ", text)


def say(text: str, stream: IO[str] | None = None, *, end: str = "\n") -> None:
    """Print a text, to standard output unless there is another stream.

    Raises BrokenPipeError when the reader has left, and NotWritten for other failures.
    """
    stream = stream or sys.stdout
    if stream is None:
        return  # its reader has left, and was told no more
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
    """Let what is in the stream's buffer go nowhere: Python would try it again when it exits."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


#: Seconds after which the progress is shown again.
MOVE_INTERVAL = 0.5


class Screen:
    """A stream for the length of a run, which goes on for its reports if printing fails.

    Arguments:
        stream: where to print; None is standard output.
    """

    def __init__(self, stream: IO[str] | None = None) -> None:
        self.stream = stream or sys.stdout
        self.is_terminal = self.stream is not None and self.stream.isatty()
        self._coloured = style.chosen(self.stream)
        #: What went wrong, unless the reader left, which is its own decision.
        self.failure: NotWritten | None = None
        self._gone = False
        self._lock = threading.Lock()

    def say(self, line: str) -> None:
        """Print a line, in place of the progress if there is one."""
        if self.is_terminal:
            line = style.broken(line, self._columns())
        if self._coloured:
            line = style.coloured(line)
        self._say(f"\r\x1b[K{line}" if self.is_terminal else line, "\n")

    def progress(self, text: str) -> None:
        """On a terminal: show a text until the next line comes."""
        if self.is_terminal:
            # One that is longer than the line could not be taken back.
            self._say(f"\r\x1b[K{text[: self._columns() - 1]}", "")

    @contextmanager
    def moving(self, text: Callable[[], str]) -> Iterator[None]:
        """On a terminal: show the progress again and again, also while nothing ends.

        Arguments:
            text: what to show now; it is called by another thread.
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
        # COLUMNS, which shutil takes first, is what another terminal had.
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
    with suppress(OSError, NotWritten):  # the exit status says it too
        say(f"conformance: {text}", sys.stderr)
        for line in lines:
            say(f"  | {line}", sys.stderr)


@contextmanager
def quoted(stream: IO[str] | None = None) -> Iterator[None]:
    """In GitHub Actions: what is printed meanwhile is text, not commands.

    Arguments:
        stream: where it is printed; a runner reads standard output only (None).
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
    """Print a workflow command of our own."""
    if _quoting:
        _print(f"::{_quoting}::")
    _print(line)
    if _quoting:
        _print(f"::stop-commands::{_quoting}")


def _print(line: str) -> None:
    if sys.stdout is None:
        return
    # Where nothing can be printed the Screen says so.
    with suppress(OSError):
        sys.stdout.write(line.encode("ascii", "backslashreplace").decode("ascii") + "\n")
        sys.stdout.flush()
