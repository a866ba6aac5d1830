"""A connection to a Unix socket, or a named pipe, being made in a loop that carries others too.

connect(2) of a Unix socket is over at once, unless the listener's queue is full. Then it says
EAGAIN, nothing tells when there is room, and it has to be tried again (unix(7)). So it is with a
pipe of which all instances are taken (ERROR_PIPE_BUSY).
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

#: Seconds between two attempts: fewer at first, then these.
FIRST_PAUSE, LAST_PAUSE = 0.001, 0.05


class LocalConnector:
    """One dial; see Connector.

    Arguments:
        loop: waits for it.
        address: the path.
        options: how to dial.
        finished: is called once, from start() perhaps; ``conn`` or ``failure`` says how.
    """

    def __init__(
        self,
        loop: Scheduler,
        address: Address,
        options: Options,
        finished: Callable[[LocalConnector], None],
    ) -> None:
        #: The connection, which is the caller's then.
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
        """Begin."""
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
        """Give up; no callback is called. Idempotent."""
        if self._timer is not None:
            self._timer.cancel()
