"""The command: choose the dialect, run the program, say what happened.

One error is one line on stderr and one exit status. Only this module writes
diagnostics, and only ``__main__`` exits.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, Union

from .core import exits
from .core.config import Config
from .core.errors import OutputGone, PyncError, Terminated, UsageError
from .core.events import Event
from .dialects import Dialect, load
from .transports.stdio import Stdio, is_open

VERSION = "0.1.0"

#: A file object with a descriptor, a descriptor, or None: the process's own.
Stream = Union[IO[Any], int, None]

#: Signals that end the program in order: paths are removed, then it leaves.
_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")


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
        stdout: likewise.
        stderr: likewise; diagnostics go here, one line each.
    """
    if stdin is stdout is stderr is None:
        _keep_standard_descriptors()
    voice = _Voice(_descriptor(stderr, 2))
    try:
        with _signals():
            return _run(
                load("pync"),
                sys.argv[1:] if argv is None else argv,
                _descriptor(stdin, 0),
                _descriptor(stdout, 1),
                voice,
            )
    except UsageError as error:
        voice.say(f"pync: {error}")
        return error.status
    except PyncError as error:
        voice.say(f"pync: {error}")
        return error.status
    except OutputGone as error:
        return error.status
    except Terminated as ended:
        return ended.status
    except KeyboardInterrupt:
        return exits.INTERRUPTED


def _run(dialect: Dialect, argv: list[str], stdin: int, stdout: int, voice: _Voice) -> int:
    config = dialect.parse(argv)
    if config.help or config.version:
        return _tell(stdout, dialect.usage if config.help else f"{dialect.name} {VERSION}\n")
    with Stdio(stdin if is_open(stdin) else None, stdout) as stdio:
        if stdio.interactive and config.endings.on_peer_end == "finish":
            # A person cannot be asked to type on into a connection that is over.
            config = config._replace(endings=config.endings._replace(on_peer_end="leave"))

        def report(event: Event) -> None:
            line = dialect.say(event, config, stdio.interactive)
            if line is not None:
                voice.say(line)

        return _program(config, stdio, report)


def _program(config: Config, stdio: Stdio, report: Callable[[Event], None]) -> int:
    # Each program is imported only when it is asked for: the start is felt.
    if config.zero_io:
        from .programs import scanner

        return scanner.run(config, report)
    if config.listen:
        from .programs import server

        return server.run(config, stdio, report)
    from .programs import client

    return client.run(config, stdio, report)


def _tell(stdout: int, text: str) -> int:
    data = text.encode()
    try:
        while data:
            data = data[os.write(stdout, data) :]
    except BrokenPipeError:
        return exits.OUTPUT_GONE
    except OSError as error:
        raise PyncError("write", "standard output", (error.strerror or "").lower()) from None
    return exits.OK


class _Voice:
    """Standard error, one line at a time; when it is gone, nobody hears."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def say(self, line: str) -> None:
        # A peer's name or a path may hold control characters: a terminal must not obey.
        shown = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line)
        try:
            os.write(self._descriptor, f"{shown}\n".encode("utf-8", "backslashreplace"))
        except OSError:
            pass


def _descriptor(stream: Stream, default: int) -> int:
    if stream is None:
        return default
    return stream if isinstance(stream, int) else stream.fileno()


def _keep_standard_descriptors() -> None:
    """Fill closed descriptors (``<&- >&-``), or a socket would become one of them.

    Input ends at once; writing output fails with EBADF, as on a closed descriptor.
    """
    for descriptor, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        if not is_open(descriptor):
            opened = os.open(os.devnull, flags)
            if opened != descriptor:
                os.dup2(opened, descriptor)
                os.close(opened)


@contextmanager
def _signals() -> Iterator[None]:
    """Turn the ending signals into an exception, in the main thread of a program."""
    before: dict[int, Any] = {}
    ending = False

    def end(number: int, _frame: object) -> None:
        nonlocal ending
        # A terminal that closes hangs up twice, and people press ^C twice: the second
        # must not interrupt the tidying up.
        if ending:
            return
        ending = True
        raise KeyboardInterrupt if number == signal.SIGINT else Terminated(number)

    try:
        for name in _ENDING:
            number = getattr(signal, name, None)
            # nohup and its kin have the signal ignored: that stays so.
            if number is not None and signal.getsignal(number) != signal.SIG_IGN:
                before[number] = signal.signal(number, end)
    except ValueError:
        pass  # not the main thread: signals are the embedding program's business
    try:
        yield
    finally:
        _restore(before)


def _restore(handlers: dict[int, Any]) -> None:
    """Put handlers back; what comes meanwhile is for them.

    Blocked, because Python complains of a signal that it caught for a handler that is gone.
    """
    masks = hasattr(signal, "pthread_sigmask")
    before = signal.pthread_sigmask(signal.SIG_BLOCK, handlers) if masks else set()
    for number, handler in handlers.items():
        signal.signal(number, handler)
    if masks:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
