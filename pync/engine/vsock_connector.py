"""Connecting to a machine or a guest (vsock), inside a loop that serves other connections too.

There is one address and no name to look up. If a guest does not answer, the kernel stops after two
seconds, unless the time-out is shorter.
"""

from __future__ import annotations

import socket
from collections.abc import Callable

from ..core.address import Address
from ..core.errors import DialError, cause_of
from ..transports import Options
from ..transports.conn import StreamConn
from ..transports.vsock import begin_to_connect, check_connected
from .loop import Scheduler, Timer


class VsockConnector:
    """One attempt to connect; see Connector.

    Arguments:
        loop: watches the socket.
        address: CID and port.
        options: how to dial.
        finished: called once at the end, perhaps by start(); ``conn`` or ``failure`` is set then.
    """

    def __init__(
        self,
        loop: Scheduler,
        address: Address,
        options: Options,
        finished: Callable[[VsockConnector], None],
    ) -> None:
        #: The connection, non-blocking. The caller owns it.
        self.conn: StreamConn | None = None
        self.failure: DialError | None = None
        self._loop = loop
        self._address = address
        self._options = options
        self._finished = finished
        self._sock: socket.socket | None = None
        self._timer: Timer | None = None

    def start(self) -> None:
        """Start the attempt."""
        try:
            self._sock = begin_to_connect(self._address)
        except DialError as error:
            self.failure = error
            self._finished(self)
            return
        self._loop.watch_writer(self._sock.fileno(), self._settled)
        if self._options.timeout is not None:
            self._timer = self._loop.call_later(self._options.timeout, self._timed_out)

    def stop(self) -> None:
        """Abandon the attempt without calling a callback. Idempotent."""
        sock = self._let_go()
        if sock is not None:
            sock.close()

    def _let_go(self) -> socket.socket | None:
        sock, self._sock = self._sock, None
        if sock is not None:
            self._loop.watch_writer(sock.fileno(), None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return sock

    def _settled(self) -> None:
        sock = self._let_go()
        assert sock is not None
        try:
            self.conn = check_connected(sock, self._address)
        except OSError as error:
            sock.close()
            cause = cause_of(error)
            self.failure = DialError("dial", self._address, cause, ((self._address, cause),))
        self._finished(self)

    def _timed_out(self) -> None:
        self.stop()
        self.failure = DialError("dial", self._address, "timed out")
        self._finished(self)
