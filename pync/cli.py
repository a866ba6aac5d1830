"""The command: choose the dialect, run the program, print its messages.

One error is one line on stderr and one exit status. Only this module writes
diagnostics, and only ``__main__`` exits.
"""

from __future__ import annotations

import os
import sys

from .core import VERSION, exits
from .core.config import Config
from .core.errors import OutputGone, PyncError, Terminated, UsageError
from .core.events import Event, LineCut, Progressed, Scanned, Told, Trying
from .core.typed import TYPE_CHECKING, Callable
from .dialects import DIALECTS, Dialect, OnStdout, Said, load
from .engine import signals
from .transports.descriptors import is_open, is_terminal, write
from .waiting import wakeup

if TYPE_CHECKING:
    from typing import IO, Any

    from .meter import Meter
    from .transports.stdio import Stdio

    #: A file object with a descriptor, a descriptor, or None: the process's own.
    Stream = IO[Any] | int | None

__all__ = ["VERSION", "main"]


def main(
    argv: list[str] | None = None,
    stdin: Stream = None,
    stdout: Stream = None,
    stderr: Stream = None,
) -> int:
    """Run pync as its command line does, and return the exit status.

    Arguments:
        argv: the words after the program's name; None: sys.argv's.
        stdin: a file object with a descriptor, or a descriptor; None: the process's own.
        stdout: as for stdin.
        stderr: as for stdin; diagnostics go here, one line each.
    """
    try:
        return execute(argv, stdin, stdout, stderr)
    except Terminated as ended:
        return ended.status
    except KeyboardInterrupt:
        return exits.INTERRUPTED


def execute(
    argv: list[str] | None = None,
    stdin: Stream = None,
    stdout: Stream = None,
    stderr: Stream = None,
) -> int:
    """Do the same as main, but raise a signal's exception, after the cleanup.

    Raises Terminated, KeyboardInterrupt.
    """
    if stdin is stdout is stderr is None:
        _keep_standard_descriptors()
    words = sys.argv[1:] if argv is None else argv
    stdout_fd, voice = _descriptor(stdout, 1), _Voice(_descriptor(stderr, 2))
    try:
        dialect, words = _dialect(words, sys.argv[0] if argv is None else "pync")
        with signals.ending(), wakeup.installed():
            session = _Session(dialect, _descriptor(stdin, 0), stdout_fd, voice, stdout is None)
            return session.run(words)
    except UsageError as error:
        voice.say(f"pync: {error}")
        return error.status


def answer(ask: Callable[[list[str]], list[str]], argv: list[str]) -> int:
    """Print the lines that a function returns for a command line; return the exit status."""
    try:
        _tell(1, "".join(f"{_printable(line)}\n" for line in ask(argv)))
    except OutputGone:
        return exits.OK
    except (UsageError, PyncError) as error:
        _Voice(2).say(f"pync: {error}")
        return error.status
    return exits.OK


def refuse(line: str) -> int:
    """Print why the command line is refused; return the exit status."""
    _Voice(2).say(f"pync: {line}")
    return exits.USAGE


def _dialect(words: list[str], executable: str) -> tuple[Dialect, list[str]]:
    """Return the dialect: by --as=NAME, else by PYNC_AS, else by the executable's name."""
    called = os.path.basename(executable).lower().removesuffix(".exe")
    name = os.environ.get("PYNC_AS") or (called if called in DIALECTS else "pync")
    if words and words[0].startswith("--as="):
        name, words = words[0].removeprefix("--as="), words[1:]
    if name not in DIALECTS:
        raise UsageError(f"there is no dialect {name!r} (known: {', '.join(DIALECTS)})")
    return load(name), words


class _Session:
    """One command line, from its words to its exit status."""

    def __init__(
        self, dialect: Dialect, stdin: int, stdout: int, voice: _Voice, owns_stdout: bool
    ) -> None:
        self._dialect = dialect
        self._stdin = stdin
        self._stdout = stdout
        self._voice = voice
        self._owns_stdout = owns_stdout
        self._config: Config | None = None

    def run(self, words: list[str]) -> int:
        """Run the command line; return the exit status. Raises Terminated, KeyboardInterrupt."""
        try:
            if not words and self._dialect.prompt:
                words = self._ask(self._dialect.prompt)
            self._config = self._dialect.parse(words)
            self._voice.say(self._config.notice)
            return self._serve(self._config)
        except (UsageError, PyncError, OutputGone) as error:
            self._voice.say(self._dialect.complain(error, self._config))
            return self._dialect.status(error, self._config)

    def _ask(self, prompt: str) -> list[str]:
        """Return the words of a line of standard input; the input after it is left to be sent."""
        self._voice.write(prompt)
        line = b""
        while is_open(self._stdin) and (byte := os.read(self._stdin, 1)) not in (b"", b"\n"):
            line += byte
        return os.fsdecode(line).split()

    def _serve(self, config: Config) -> int:
        if config.help or config.version or config.completion is not None:
            about = self._dialect.about(config)
            if about.to_stderr:
                self._voice.write(about.text)
            else:
                _tell(self._stdout, about.text)
            return about.status
        if not (config.progress and self._voice.is_seen):
            return self._run_program(config, None)
        from .meter import Meter

        with Meter(self._voice.descriptor) as meter:
            return self._run_program(config, meter)

    def _run_program(self, config: Config, meter: Meter | None) -> int:
        wrong = lambda text: report(Told(f"pync: {text}", True))  # noqa: E731
        with self._stdio(config, wrong) as stdio:

            def report(event: Event) -> None:
                if isinstance(event, Progressed):
                    if meter is not None:
                        meter.show(event)
                    return
                if config.json:
                    if not isinstance(event, Trying):  # its result is reported
                        self._tell_as_json(event)
                    return
                said = self._dialect.say(event, config, stdio.interactive)
                if isinstance(said, OnStdout):
                    _tell(self._stdout, f"{_printable(said)}\n")
                else:
                    self._voice.say(said)

            if config.workers is not None:
                self._voice.share()
            stdio.line_was_cut = lambda size: report(LineCut(size))
            # Import late: --help and --version do not need it.
            from .programs.setup import run

            return run(config, stdio, report)

    def _tell_as_json(self, event: Event) -> None:
        import time

        from .core.jsonlines import as_line
        from .core.pings import Pinged, PingsDone

        line = as_line(event, time.time()) + "\n"
        if isinstance(event, (Scanned, Pinged, PingsDone)):
            _tell(self._stdout, line)
        else:
            self._voice.write(line)

    def _stdio(self, config: Config, wrong: Callable[[str], None]) -> Stdio:
        stdin = self._stdin if is_open(self._stdin) else None
        if not (is_terminal(self._stdout) and config.filters_screen) and not (
            config.edit or config.show or config.marks or config.timestamps or config.input
        ):
            from .transports.stdio import Stdio

            return Stdio(stdin, self._stdout, owns_stdout=self._owns_stdout)
        from .programs.setup.streams import stdio_of

        return stdio_of(config, stdin, self._stdout, wrong, owns_stdout=self._owns_stdout)


def _tell(stdout: int, text: str) -> None:
    """Write to standard output. Raises OutputGone, PyncError."""
    data = text.encode("utf-8", "backslashreplace")
    try:
        while data:
            data = data[write(stdout, data) :]
    except OSError as error:
        from .core.broken import unwritten

        raise unwritten(error) from None


class _Voice:
    """Standard error, one line at a time; errors of writing are ignored."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._turns: int | None = None

    def share(self) -> None:
        """Take turns with other processes: texts longer than PIPE_BUF could be mixed (pipe(7))."""
        import tempfile

        # (A lock of fcntl(2) belongs to one process, and is released at its end in any case.)
        self._turns, path = tempfile.mkstemp()
        os.unlink(path)

    @property
    def is_seen(self) -> bool:
        """Whether it is a terminal."""
        return os.isatty(self.descriptor)

    def say(self, said: Said) -> None:
        """Print a line, or several at once."""
        lines = (said,) if isinstance(said, str) else said or ()
        if lines:
            self.write("".join(f"{_printable(line)}\n" for line in lines))

    def write(self, text: str) -> None:
        """Print a text of our own unchanged."""
        data = text.encode("utf-8", "backslashreplace")
        try:
            if self._turns is None:
                os.write(self.descriptor, data)
                return
            import fcntl

            fcntl.lockf(self._turns, fcntl.LOCK_EX)
            try:
                os.write(self.descriptor, data)
            finally:
                fcntl.lockf(self._turns, fcntl.LOCK_UN)
        except OSError:
            pass


def _printable(line: str) -> str:
    # A peer's name or a path may contain control characters, which a terminal must not execute.
    # (A tab is as harmless as text; nc's usage has some.)
    return "".join(
        letter if letter.isprintable() or letter == "\t" else ascii(letter)[1:-1] for letter in line
    )


def _descriptor(stream: Stream, default: int) -> int:
    if stream is None:
        return default
    return stream if isinstance(stream, int) else stream.fileno()


def _keep_standard_descriptors() -> None:
    """Fill closed descriptors (``<&- >&-``): otherwise a socket would get such a number.

    Input ends at once; writing output fails with EBADF, as on a closed descriptor.
    """
    for descriptor, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        if not is_open(descriptor):
            opened = os.open(os.devnull, flags)
            if opened != descriptor:
                os.dup2(opened, descriptor)
                os.close(opened)
