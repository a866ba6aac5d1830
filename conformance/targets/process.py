"""One started server: its start, output, signals, descriptors and end.

The process leads its own session, so that all processes that it started can be ended with it;
on Windows, which has no sessions, it is in a job object (job.py), and there are no signals.
A thread reads its output (a server that floods stdout must not block) and keeps the last
lines, which a verdict quotes if the server dies.
"""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from ..core.load import note
from ..core.system import start_process
from ..core.verdict import NotJudged
from .embedded import SCRIPT
from .forkserver import WORKS, Forked, dismiss_fork_servers, fork
from .isolation import Boxed, confined, is_isolated
from .reaper import dismiss_reaper, marking, watched
from .usage import Usage, living, running_time, runs, stands_still, usage_of, waiting_time

LINES_KEPT, LINE_WIDTH = 20, 200

#: Seconds until all threads must have stopped after SIGSTOP. On a busy machine each of them has to
#: wait for a processor first.
STOPPING = 10.0

#: Seconds between SIGTERM and SIGKILL when a scenario is over.
GRACE = 1.0

#: Seconds until killed processes must have ended, and between two checks.
ENDING, ENDING_INTERVAL = 5.0, 0.002

_ANNOUNCEMENT = re.compile(rb"^LISTENING\s+(\S+)\s*$")


class Process:
    """A server that the suite started.

    Arguments:
        argv: the command, already split.
        environment: variables added to the suite's own.
        inherited: descriptors that it inherits besides the standard ones.
        directory: its working folder; None is the current folder.
        embedded: whether it is one of the suite's own servers in Python.
    Raises Unreachable if the command cannot be started, SuiteFailed if this system starts nothing.
    """

    def __init__(
        self,
        argv: Sequence[str],
        environment: dict[str, str],
        inherited: Sequence[int] = (),
        directory: str | None = None,
        embedded: bool = False,
    ) -> None:
        self.argv = list(argv)
        environment = {**environment, "PYTHONUNBUFFERED": "1", **marking()}
        self.announced: str | None = None
        self._announcement = threading.Event()
        self._lines: deque[str] = deque(maxlen=LINES_KEPT)
        self._popen = start_process(
            lambda: self._start(environment, inherited, directory, embedded), self.argv[0]
        )
        self.pid = self._popen.pid
        #: A descriptor that is readable when the process has ended (Linux; None elsewhere).
        self._end = _pidfd(self.pid)
        watched("+", self.pid)
        self._pump = threading.Thread(target=self._drain, daemon=True)
        self._pump.start()

    def _start(
        self,
        environment: dict[str, str],
        inherited: Sequence[int],
        directory: str | None,
        embedded: bool,
    ) -> subprocess.Popen[bytes] | Forked | Boxed:
        if embedded and WORKS:
            return fork(self.argv[:SCRIPT], self.argv[SCRIPT:], environment, directory)
        how: dict[str, Any] = {
            "env": {**os.environ, **environment},
            # Open and silent, like a person's terminal: some servers end on EOF.
            "stdin": subprocess.PIPE,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.STDOUT,
            "cwd": directory,
        }
        if sys.platform == "win32":
            from .windows.job import Job

            self._job = Job()
            return self._job.start(self.argv, **how)
        if is_isolated() and not embedded:
            return Boxed(self.argv, environment, directory, inherited, how)
        words = self.argv
        if not embedded:
            words = confined(words, environment, directory, terminal=False)
        return subprocess.Popen(words, start_new_session=True, pass_fds=tuple(inherited), **how)

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self.status is None

    @property
    def status(self) -> int | None:
        """The exit status; negative for a signal; None while the process runs."""
        status = self._popen.poll()
        if status is None and self._end is not None and select.select([self._end], [], [], 0)[0]:
            # The fork server reports the end of a process a little later.
            status = self._popen.wait()
        return status

    @property
    def ending(self) -> str:
        """A description of how the process ended."""
        status = self.status
        if status is None:
            return "still running"
        if status < 0:
            return f"killed by {signal.Signals(-status).name}"
        return f"exit status {status}"

    def last_lines(self) -> list[str]:
        """Return the last lines that the process printed to stdout or stderr."""
        if not self.alive:
            self._pump.join(timeout=1.0)
        return list(self._lines)

    def wait(self, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds for the end; return whether the process has ended."""
        if self.alive and self._end is not None:
            # This returns at the moment of the end: subprocess polls at growing intervals.
            select.select([self._end], [], [], timeout)
            return not self.alive
        try:
            self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        return True

    def wait_announcement(self, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds for a LISTENING line; return whether it came."""
        return self._announcement.wait(timeout) and self.announced is not None

    def terminate(self) -> None:
        """Send SIGTERM to the process itself, as a supervisor does.

        Raises NotJudged on a system without SIGTERM.
        """
        self._send("SIGTERM", self._popen.send_signal)

    def pause(self) -> None:
        """Stop the process and all that it started (SIGSTOP). Raises NotJudged."""
        self._send("SIGSTOP", self._signal_group)
        self._await_stop()

    def _await_stop(self) -> None:
        """Wait until all threads have stopped: kill(2) returns before that. Raises NotJudged."""
        until = time.monotonic() + STOPPING
        while not stands_still(self.pid) and self.alive:
            if time.monotonic() >= until:
                self.resume()
                raise NotJudged(f"the server cannot be stopped by SIGSTOP within {STOPPING:g} s")
            time.sleep(0.0005)

    def resume(self) -> None:
        """Let the stopped processes continue (SIGCONT). Raises NotJudged."""
        self._send("SIGCONT", self._signal_group)

    def kill(self, within: float) -> None:
        """Kill the process and all that it started (SIGKILL), like a crash, and await their end.

        A killed process still has its sockets until the system runs it once more, and the leader
        of a session may end before the others.

        Arguments:
            within: seconds to wait for their end.
        """
        until = time.monotonic() + within
        if sys.platform == "win32":
            self._job.end()
        else:
            self._send("SIGKILL", self._signal_group)
        self.wait(within)
        while (left := living(self.pid)) and time.monotonic() < until:
            for pid in left:
                with suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(ENDING_INTERVAL)

    def _send(self, name: str, how: Callable[[signal.Signals], None]) -> None:
        number = getattr(signal, name, None)
        if sys.platform == "win32" or number is None:
            raise NotJudged(f"Windows has no {name}")
        how(number)

    def _signal_group(self, number: signal.Signals) -> None:
        """Send a signal to all processes in the session's first group."""
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            pass

    def stop(self) -> None:
        """End the process and all that it started: SIGTERM, a pause, SIGKILL. Idempotent."""
        if self._end is not None:
            note(waiting_time(self.pid))
        if sys.platform == "win32":
            self._job.end()
            self._job.close()
        else:
            self._end_session()
            if isinstance(self._popen, Boxed):
                self._popen.end()
        self._popen.wait()
        if self._popen.stdin:
            self._popen.stdin.close()
        self._pump.join(timeout=1.0)
        if self._popen.stdout and not self._pump.is_alive():
            self._popen.stdout.close()
        if self._end is not None:
            os.close(self._end)
            self._end = None
        watched("-", self.pid)

    def _end_session(self) -> None:
        if self.alive:
            self.resume()
            self.terminate()
            self.wait(GRACE)
        self.kill(ENDING)

    def descriptors(self) -> int | None:
        """Return the open descriptors of all its processes; None if /proc does not show them."""
        if not sys.platform.startswith("linux"):
            return None
        count = 0
        for pid in living(self.pid) or [self.pid]:
            try:
                count += len(os.listdir(f"/proc/{pid}/fd"))
            except OSError:
                continue
        return count

    def usage(self) -> Usage | None:
        """Return the processes, threads and memory that it uses; None if they are not known."""
        return usage_of(self.pid)

    def running_time(self) -> float | None:
        """Return the seconds that it has run or waited for a processor; None if not known."""
        return running_time(self.pid)

    def waiting_time(self) -> float:
        """Return the seconds that it has waited for a processor; 0 if they are not counted."""
        return waiting_time(self.pid)

    def runs(self) -> bool:
        """Return whether it runs or waits for a processor now; False if that is not known."""
        return runs(self.pid)

    def _drain(self) -> None:
        stream = self._popen.stdout
        assert stream is not None
        # readline with a limit: a flood without a newline must not fill the memory.
        for line in iter(lambda: stream.readline(64 * 1024), b""):
            if self.announced is None:
                found = _ANNOUNCEMENT.match(line)
                if found:
                    self.announced = found.group(1).decode("utf-8", "replace")
                    self._announcement.set()
            text = line.rstrip(b"\r\n")[:LINE_WIDTH].decode("utf-8", "backslashreplace")
            self._lines.append(printable(text))
        self._announcement.set()


def _pidfd(pid: int) -> int | None:
    with suppress(ProcessLookupError):  # the process has ended, and its status was collected
        return os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None
    return None


def printable(text: str) -> str:
    """Return a server's text without control characters: a terminal would execute them."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def dismiss_helpers() -> None:
    """End the fork servers and the reaper; all servers must have been stopped."""
    dismiss_fork_servers()
    dismiss_reaper()
