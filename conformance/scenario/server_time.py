"""The time of a server, without the time in which it waits for a processor on a busy machine."""

from __future__ import annotations

import time

from ..targets.process import Process

#: Seconds between two looks at whether a server waits.
INTERVAL = 0.002


class ServerTime:
    """A time limit that does not count the seconds in which the server waits for a processor.

    Arguments:
        process: the server; None if the suite did not start it: then all time counts.
        seconds: the number of seconds.
        most: the total of seconds after which the time is over in any case.
    """

    def __init__(self, process: Process | None, seconds: float, most: float) -> None:
        self._process = process
        self._seconds, self._most = seconds, most
        self.restart()

    def restart(self) -> None:
        """Count from now on."""
        self._began = time.monotonic()
        self._waited = self._waiting_time()

    def is_over(self) -> bool:
        """Return whether the time is over."""
        elapsed = time.monotonic() - self._began
        if elapsed < self._seconds:
            return False
        return elapsed >= self._most or not self.starved()

    def starved(self) -> bool:
        """Return whether the server had less than its time because it waited for a processor."""
        waited = self._waiting_time() - self._waited
        return time.monotonic() - self._began - waited < self._seconds

    def _waiting_time(self) -> float:
        return self._process.waiting_time() if self._process is not None else 0.0


def let_settle(process: Process, seconds: float, most: float) -> None:
    """Wait until the server waits for something: it has handled all that has arrived.

    Arguments:
        seconds: the seconds that this may take, without those of waiting for a processor.
        most: the seconds that it may take in any case.
    """
    patience = ServerTime(process, seconds, most)
    while process.runs() and not patience.is_over():
        # Poll: Linux has no event for a process that begins to wait.
        time.sleep(INTERVAL)
