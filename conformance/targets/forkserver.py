"""The suite's own servers, forked by a process that has already loaded them (Linux).

Starting Python and importing a server takes ten times as long as serving a client. The other
end is reference/python/forkserver.py. A forked process has those methods of Popen that are used.
"""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import IO

from ..core.system import start_process
from ..core.verdict import SuiteFailed
from .reaper import marking

#: Only Linux can watch another process's child without a race (pidfd).
WORKS = sys.platform == "linux" and hasattr(os, "pidfd_open")

#: The argument that makes an embedded server's script a fork server.
_WORD = "--fork-server"

#: Bytes of an answer.
_ANSWER = 64

_DEAD = "the process that starts the suite's own servers has died"


class Forked:
    """A process that the fork server has forked.

    ``returncode`` is the exit status, negative for a signal, None while the process runs.
    """

    def __init__(self, by: ForkServer, pid: int, stdin: int, stdout: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdin: IO[bytes] = open(stdin, "wb", buffering=0)  # noqa: SIM115 - as Popen's
        self.stdout: IO[bytes] = open(stdout, "rb")  # noqa: SIM115
        self._by = by

    def poll(self) -> int | None:
        """Return the exit status, None while the process runs."""
        if self.returncode is None:
            self._by.hear(0.0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until the process has ended. Raises subprocess.TimeoutExpired."""
        until = time.monotonic() + (threading.TIMEOUT_MAX if timeout is None else timeout)
        while self.poll() is None:
            remaining = until - time.monotonic()
            if remaining <= 0 and timeout is not None:
                raise subprocess.TimeoutExpired("", timeout)
            self._by.hear(min(remaining, 1.0))
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send the process a signal, unless it has ended."""
        if self.poll() is None:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                pass


class ForkServer:
    """The process that forks the servers of one script.

    Arguments:
        command: the command that starts the script.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._link, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            environment = {**os.environ, **marking()}
            self._process = start_process(
                lambda: subprocess.Popen(
                    [*command, _WORD],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    env=environment,
                    start_new_session=True,
                ),
                command[0],
            )
        self._running: dict[int, Forked] = {}
        self._lock = threading.Lock()

    def fork(self, words: Sequence[str], environment: dict[str, str], folder: str) -> Forked:
        """Fork a process with this command line, in its own session. Raises SuiteFailed."""
        request = json.dumps([list(words), environment, folder]).encode("ascii")
        (given, stdin), (stdout, taken) = os.pipe(), os.pipe()
        try:
            with self._lock:
                try:
                    socket.send_fds(self._link, [request], [given, taken])
                except ConnectionError:
                    raise SuiteFailed(_DEAD) from None
                while (pid := self._take()) is None:
                    pass
                forked = self._running[pid] = Forked(self, pid, stdin, stdout)
                return forked
        except BaseException:
            os.close(stdin)
            os.close(stdout)
            raise
        finally:
            os.close(given)
            os.close(taken)

    def hear(self, timeout: float) -> None:
        """Receive the exit statuses of ended processes, for at most this many seconds."""
        with self._lock:
            while select.select([self._link], [], [], timeout)[0]:
                self._take()
                timeout = 0.0

    def close(self) -> None:
        """End the fork server; idempotent. Processes that it has forked continue."""
        self._link.close()
        self._process.wait()

    def _take(self) -> int | None:
        """Receive one answer; return the pid of a forked process, or None if one has ended."""
        try:
            answer = self._link.recv(_ANSWER)
        except ConnectionError:
            answer = b""
        if not answer:
            raise SuiteFailed(_DEAD)
        pid, *status = map(int, answer.split())
        if not status:
            return pid
        self._running.pop(pid).returncode = status[0]
        return None


_servers: dict[tuple[str, ...], ForkServer] = {}


def fork(
    command: Sequence[str], words: Sequence[str], environment: dict[str, str], folder: str | None
) -> Forked:
    """Fork an embedded server from a process that has run its script before.

    Arguments:
        command: the command that starts the script.
        words: the arguments after the command.
        environment: variables added to those that this process had at its first fork.
        folder: the server's working folder; None is the current folder.
    Raises SuiteFailed.
    """
    key = tuple(command)
    if key not in _servers:
        _servers[key] = ForkServer(command)
    return _servers[key].fork(words, environment, folder or os.getcwd())


def dismiss_fork_servers() -> None:
    """End all fork servers; every process that they forked must have been stopped."""
    while _servers:
        _servers.popitem()[1].close()
