"""The client program that a person uses while a session is recorded.

It uses the standard input, output and error of the suite: the person's terminal, or pipes.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from contextlib import suppress
from types import TracebackType

from ..core.interruption import held
from ..core.verdict import WrongUsage
from ..targets.grammar import fill

#: Seconds for a program to end after SIGTERM.
GRACE = 2.0

#: The suite's own client, by its installed name.
_OURS = "pync"


class Client:
    """A client program, as a context manager that ends the program at the end.

    Arguments:
        command: a command line; HOST and PORT are added unless it contains placeholders; None is
            pync.
        host, port: the address to which it must connect.
        datagrams: whether pync must send datagrams.
    """

    def __init__(self, command: str | None, host: str, port: int, datagrams: bool) -> None:
        self.argv = argv_of(command, host, port, datagrams)
        process = None
        try:
            with held():
                self._process = process = subprocess.Popen(self.argv)
        except BaseException:
            # A delayed interruption is raised here, before the caller has this object.
            if process is not None:
                self.end(0.0)
            raise

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end(0.0)

    @property
    def runs(self) -> bool:
        """Whether the program still runs."""
        return self._process.poll() is None

    def end(self, patience: float) -> None:
        """Wait for the program's end, then send SIGTERM, then kill it. Idempotent.

        Arguments:
            patience: seconds to wait first.
        """
        for ask in (self._process.terminate, self._process.kill):
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(patience)
                return
            with suppress(OSError):
                ask()
            patience = GRACE
        self._process.wait()


def check_client(command: str | None) -> None:
    """Check early that a client program can be started. Raises WrongUsage."""
    if command is not None:
        argv_of(command, "", 0, datagrams=False)


def argv_of(command: str | None, host: str, port: int, datagrams: bool) -> list[str]:
    """Return the command line of the client program. Raises WrongUsage."""
    ours = [sys.executable, "-m", _OURS]
    if command is None:
        return [*ours, *(["-u"] if datagrams else []), host, str(port)]
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise WrongUsage(f"--client {command!r}: {str(error).lower()}") from None
    if not words:
        raise WrongUsage("--client names no command")
    filled = fill(words, {"host": host, "port": str(port)})
    if not re.search(r"\{(host|port)\}", command):
        filled += [host, str(port)]
    if shutil.which(filled[0]) is None:
        if filled[0] != _OURS:
            raise WrongUsage(f"--client {words[0]!r}: this command is not installed")
        filled[:1] = ours
    return filled
