"""One spawned server: start, its output, its signals, its descriptors, its end.

The process leads a session of its own, so that all it started can be ended with it; on
Windows, which has none, it is in a job object (job.py), and there are no signals.
A pump thread drains its output (a server that floods stdout must not block on us) and
keeps the last lines, which a verdict quotes when the server dies.
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
from ..core.verdict import NotJudged, Unreachable
from .embedded import SCRIPT
from .forkserver import WORKS, Forked, dismiss_fork_servers, fork
from .isolation import Boxed, confined, is_isolated
from .reaper import dismiss_reaper, marking, watched
from .usage import Usage, living, running_time, runs, stands_still, usage_of, waiting_time

LINES_KEPT, LINE_WIDTH = 20, 200

#: Seconds in which a process stands still after SIGSTOP.
STOPPING = 1.0

#: Seconds between SIGTERM and SIGKILL when a scenario is over.
GRACE = 1.0

#: Seconds in which what has been killed is given a processor, and between two looks at that.
ENDING, ENDING_INTERVAL = 5.0, 0.002

_ANNOUNCEMENT = re.compile(rb"^LISTENING\s+(\S+)\s*$")


class Process:
    """A server that the suite started.

    Arguments:
        argv: the command, already split.
        environment: variables added to the suite's own.
        inherited: descriptors that it gets besides the standard ones.
        directory: where it runs; None is the current folder.
        embedded: it is a server of the suite's own, in Python.
    Raises Unreachable when it cannot be started.
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
        try:
            self._popen = self._start(environment, inherited, directory, embedded)
        except OSError as error:
            cause = os.strerror(error.errno or 0).lower()
            raise Unreachable(f"cannot start {self.argv[0]!r}: {cause}") from None
        self.pid = self._popen.pid
        #: Readable when the process has ended (Linux; elsewhere there is none).
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
            # Open and silent, as at a person's terminal: some servers leave on EOF.
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
        """Whether it still runs."""
        return self.status is None

    @property
    def status(self) -> int | None:
        """Its exit status; negative for a signal; None while it runs."""
        status = self._popen.poll()
        if status is None and self._end is not None and select.select([self._end], [], [], 0)[0]:
            # What the fork server waits for has ended a little before it says so.
            status = self._popen.wait()
        return status

    @property
    def ending(self) -> str:
        """How it ended, for a person."""
        status = self.status
        if status is None:
            return "still running"
        if status < 0:
            return f"killed by {signal.Signals(-status).name}"
        return f"exit status {status}"

    def last_lines(self) -> list[str]:
        """The last lines that it printed, on either stream."""
        if not self.alive:
            self._pump.join(timeout=1.0)
        return list(self._lines)

    def wait(self, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds for its end; whether it ended."""
        if self.alive and self._end is not None:
            # The moment itself: subprocess looks at growing intervals.
            select.select([self._end], [], [], timeout)
            return not self.alive
        try:
            self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        return True

    def wait_announcement(self, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds for a LISTENING line; whether there is one."""
        return self._announcement.wait(timeout) and self.announced is not None

    def terminate(self) -> None:
        """Ask the process itself to end, as a supervisor does (SIGTERM).

        Raises NotJudged where one cannot ask.
        """
        self._send("SIGTERM", self._popen.send_signal)

    def pause(self) -> None:
        """Stop the clock of it and all that it started (SIGSTOP). Raises NotJudged."""
        self._send("SIGSTOP", self._signal_group)
        self._await_stop()

    def _await_stop(self) -> None:
        """Wait until all threads stand still: kill(2) returns before they do."""
        until = time.monotonic() + STOPPING
        while not stands_still(self.pid) and self.alive and time.monotonic() < until:
            time.sleep(0.0005)

    def resume(self) -> None:
        """Let it go on (SIGCONT). Raises NotJudged."""
        self._send("SIGCONT", self._signal_group)

    def kill(self, within: float) -> None:
        """End it and all that it started, as a crash would (SIGKILL), and see their end.

        A process that has been killed still has its sockets until it is given a processor
        once more, and the first of a session may end before the others.

        Arguments:
            within: seconds to wait for that.
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
        """Send a signal to everything in its session's first group."""
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            pass

    def stop(self) -> None:
        """End it and all that it started: SIGTERM, a moment, SIGKILL. Idempotent."""
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
        """Open descriptors of it and all that it started; None where /proc has no answer."""
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
        """Processes, threads and memory of it and all that it started, where it can be told."""
        return usage_of(self.pid)

    def running_time(self) -> float | None:
        """Seconds for which they have run or waited for a processor, where it can be told."""
        return running_time(self.pid)

    def runs(self) -> bool:
        """Whether one of them runs, or waits for a processor, now; False where nobody tells."""
        return runs(self.pid)

    def _drain(self) -> None:
        stream = self._popen.stdout
        assert stream is not None
        # readline with a bound: a flood without a newline must not fill the memory.
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
    with suppress(ProcessLookupError):  # it has ended, and been waited for
        return os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None
    return None


def printable(text: str) -> str:
    """Text of a server without its control characters: a terminal must not obey them."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def dismiss_helpers() -> None:
    """End the processes that start servers and watch them; the servers have been stopped."""
    dismiss_fork_servers()
    dismiss_reaper()
