"""Connecting to a Unix socket or a named pipe, inside a loop that serves other connections too.

connect(2) of a Unix socket finishes at once, unless the listener's queue is full. Then it raises
EAGAIN, no event reports when there is room, and it has to be tried again (unix(7)). The same holds
for a pipe that has no free instance (ERROR_PIPE_BUSY).
"""

from __future__ import annotations

import errno
from collections.abc import Callable

from ..core.address import Address
from ..core.deadline import Deadline
from ..core.errors import PIPE_BUSY, DialError
from ..transports import Options, dial
from ..transports.conn import Conn
from .loop import Scheduler, Timer

#: Seconds between two attempts: from the first value, doubled up to the last.
FIRST_PAUSE, LAST_PAUSE = 0.001, 0.05


class LocalConnector:
    """One attempt to connect; see Connector.

    Arguments:
        loop: runs the timer.
        address: the path.
        options: how to dial.
        finished: called once at the end, perhaps by start(); ``conn`` or ``failure`` is set then.
    """

    def __init__(
        self,
        loop: Scheduler,
        address: Address,
        options: Options,
        finished: Callable[[LocalConnector], None],
    ) -> None:
        #: The connection. The caller owns it.
        self.conn: Conn | None = None
        self.failure: DialError | None = None
        self._loop = loop
        self._address = address
        self._options = options._replace(timeout=0.0)
        self._finished = finished
        self._deadline = Deadline(options.timeout)
        self._pause = FIRST_PAUSE
        self._timer: Timer | None = None

    def start(self) -> None:
        """Start the attempt, or try again."""
        try:
            self.conn = dial(self._address, self._options)
        except DialError as error:
            is_full = error.errno == errno.EAGAIN or error.cause == PIPE_BUSY
            if is_full and not self._deadline.passed:
                self._timer = self._loop.call_later(self._pause, self.start)
                self._pause = min(2 * self._pause, LAST_PAUSE)
                return
            self.failure = DialError("dial", self._address, "timed out") if is_full else error
        self._finished(self)

    def stop(self) -> None:
        """Abandon the attempt without calling a callback. Idempotent."""
        if self._timer is not None:
            self._timer.cancel()
