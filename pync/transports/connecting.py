"""The sockets of one TCP dial, opened as core/attempts.py decides. It never waits.

Two callers wait for the sockets: dial() of tcp.py, and the loop (engine/connector.py).
"""

from __future__ import annotations

import time

from ..core.address import Address
from ..core.attempts import Attempt, Attempts
from ..core.errors import DialError, cause_of
from ..core.events import AttemptFailed, Trying, silent
from ..core.typed import Callable, Iterable
from . import Options
from .conn import TcpConn
from .internet import Endpoint, address_of, telling_cause
from .plainsocket import socket
from .tcp_socket import begin_to_connect, check_connected, connected, wrap

#: Called with a descriptor and whether to wait for it to be writable.
Watch = Callable[[int, bool], None]

#: A connection, a socket that is connecting, or the error instead.
Begun = TcpConn | socket.socket | OSError


def begin(endpoint: Endpoint, address: Address, options: Options) -> Begun:
    """Start to connect to an endpoint; over loopback, the connection is made at once."""
    try:
        sock = begin_to_connect(endpoint, address, options)
    except OSError as error:
        return error
    try:
        names = connected(sock)
    except OSError as error:
        sock.close()
        return error
    return sock if names is None else wrap(sock, address.scheme, names)


class Connecting:
    """One dial.

    Arguments:
        address: the address to dial.
        endpoints: the socket addresses of its name.
        options: how to dial.
        timeout: the seconds that are left.
        watch: called with the descriptors to wait for.
        begun: what begin() has returned for the first endpoint; None: it is still to do.
    """

    def __init__(
        self,
        address: Address,
        endpoints: Iterable[Endpoint],
        options: Options,
        timeout: float | None,
        watch: Watch,
        begun: Begun | None = None,
    ) -> None:
        #: The connection, non-blocking. The caller owns it.
        self.conn: TcpConn | None = None
        self.failure: DialError | None = None
        self._address = address
        self._options = options
        self._watch = watch
        self._begun = begun
        self._attempts = Attempts(
            endpoints,
            lambda endpoint: endpoint.family,
            time.monotonic(),
            timeout,
            happy_eyeballs=options.happy_eyeballs,
        )
        self._trying: dict[int, tuple[socket.socket, Attempt[Endpoint]]] = {}
        self._failed: list[tuple[Address, str]] = []
        self._unbound: DialError | None = None
        self._bound = False

    def proceed(self) -> None:
        """Perform the steps that are due; ``conn`` or ``failure`` is set at the end of the dial."""
        now = time.monotonic()
        for attempt in self._attempts.expired(now):
            descriptor = next(one for one, (_, of) in self._trying.items() if of is attempt)
            self._forget(descriptor).close()
            self._fail(attempt, "timed out")
        while self.conn is None and (due := self._attempts.due(now)):
            self._begin(due)
        if self.conn is None and self._attempts.over:
            self._give_up()

    def settled(self, descriptor: int) -> None:
        """Handle a writable socket: it has connected, or failed. Call proceed() afterwards."""
        if descriptor not in self._trying:
            return
        attempt = self._trying[descriptor][1]
        sock = self._forget(descriptor)
        try:
            names = check_connected(sock, attempt.endpoint)
        except OSError as error:
            sock.close()
            self._fail(attempt, cause_of(error))
            return
        self._reached(wrap(sock, self._address.scheme, names))

    def seconds(self) -> float | None:
        """Return the seconds until proceed() must be called again; None: only after an answer."""
        at = self._attempts.wake_at()
        return None if at is None else max(0.0, at - time.monotonic())

    def close(self) -> None:
        """Close the sockets that are connecting; idempotent."""
        for descriptor in list(self._trying):
            self._forget(descriptor).close()

    def _begin(self, attempt: Attempt[Endpoint]) -> None:
        if self._options.report is not silent:
            self._options.report(Trying(self._where(attempt)))
        begun, self._begun = self._begun, None
        if begun is None:
            begun = begin(attempt.endpoint, self._address, self._options)
        if isinstance(begun, DialError):
            # Our source address is of another family; it may fit another endpoint.
            self._unbound = begun
            self._fail(attempt, begun.cause)
        elif isinstance(begun, OSError):
            self._fail(attempt, cause_of(begun))
        elif isinstance(begun, TcpConn):
            self._reached(begun)
        else:
            self._bound = True
            self._trying[begun.fileno()] = begun, attempt
            self._watch(begun.fileno(), True)

    def _reached(self, conn: TcpConn) -> None:
        self.close()
        self.conn = conn

    def _forget(self, descriptor: int) -> socket.socket:
        self._watch(descriptor, False)
        return self._trying.pop(descriptor)[0]

    def _fail(self, attempt: Attempt[Endpoint], cause: str) -> None:
        self._attempts.failed(attempt, time.monotonic())
        tried = self._where(attempt)
        self._failed.append((tried, cause))
        last = self._attempts.over
        if not last or len(self._failed) > 1:  # with one address, the error has the same cause
            self._options.report(AttemptFailed(tried, cause, last))

    def _give_up(self) -> None:
        if self._unbound is not None and not self._bound:
            self.failure = self._unbound
            return
        cause = telling_cause(self._failed)
        self.failure = DialError("dial", self._address, cause, tuple(self._failed))

    def _where(self, attempt: Attempt[Endpoint]) -> Address:
        return address_of(self._address.scheme, attempt.endpoint.name)
