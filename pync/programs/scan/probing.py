"""The scan of one port, in a loop that scans others too.

The addresses of the host are tried in the same way as by a dial (core/attempts.py). A port that
has accepted a connection is open, even if the connection fails later.
"""

from __future__ import annotations

import errno
import os
import sys
import time

from ...core.address import DATAGRAMS, Address
from ...core.attempts import Attempt, Attempts
from ...core.errors import DialError, cause_of
from ...core.events import AttemptFailed
from ...core.typed import Callable, NamedTuple
from ...engine.loop import Loop, Timer
from ...transports import Options, sockopts
from ...transports.internet import Endpoint, bind_source
from ...transports.plainsocket import socket
from ...transports.services import number_of
from ...transports.tcp_socket import check_connected

#: Bytes of a banner.
BANNER = 1024

#: Seconds before a new try when the system has no free sockets or ports.
PAUSE = 0.05

#: The number of tries for one port while the system has no free socket. After them, the error of
#: the last try is reported.
TRIES = 200

_EXHAUSTED = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.EADDRNOTAVAIL, errno.ENOBUFS}
)

#: The errors that mean that connecting has started.
_UNDER_WAY = frozenset({errno.EINPROGRESS, errno.EALREADY, errno.EWOULDBLOCK})

#: Over loopback, the answer has come before connect returns (Linux handles the RST when connect
#: releases the socket), and a second connect returns it, so there is no need to wait. (On
#: Windows a second connect fails with WSAEINVAL, and BSD starts again.)
_ASKS_AGAIN = sys.platform == "linux"

_REFUSED = cause_of(ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED)))


class ProbeSetup(NamedTuple):
    """The parameters that all probes of one scan share.

    ``answer``: seconds to wait for a UDP port's answer. ``banner``: seconds to wait for an open
    port's banner; None: do not wait. ``hosts``: the endpoints' hosts, in the form to show.
    ``spare``: by family, a socket whose connection was refused at once. Linux lets it connect
    again (tcp(7)); making a new one would be half of the cost of a closed port.
    """

    loop: Loop
    address: Address
    endpoints: list[Endpoint]
    options: Options
    answer: float
    banner: float | None
    hosts: dict[Endpoint, str]
    spare: dict[int, socket.socket]


class Probe:
    """The scan of one port.

    Arguments:
        number: its position in the scan.
        port: a number, or the name of a service.
        setup: see ProbeSetup.
        finished: called once, at the end.
    """

    def __init__(
        self, number: int, port: str, setup: ProbeSetup, finished: Callable[[Probe], None]
    ) -> None:
        self.number = number
        #: ``open``, ``closed`` or ``open|filtered``; "" while it is unknown.
        self.state = ""
        self.banner = b""
        self.failed: list[AttemptFailed] = []
        self._port = port
        self._setup = setup
        self._finished = finished
        self._datagrams = setup.address.scheme in DATAGRAMS
        self._tries = 0
        self._trying: dict[socket.socket, Attempt[Endpoint]] = {}
        #: Attempts that wait until the system has free sockets again.
        self._postponed: set[Attempt[Endpoint]] = set()
        self._timers: list[Timer] = []
        self._last: Endpoint = setup.endpoints[0]

    def start(self) -> None:
        """Start the scan; ``finished`` may be called before this returns."""
        if self._is_refused_at_once():
            self.failed.append(AttemptFailed(self.where, _REFUSED, True))
            self._end("closed")
            return
        options = self._setup.options
        self._attempts = Attempts(
            self._setup.endpoints,
            lambda endpoint: endpoint.family,
            time.monotonic(),
            None if self._datagrams else options.timeout,
            # Silence of a UDP port does not justify trying another address.
            happy_eyeballs=options.happy_eyeballs and not self._datagrams,
        )
        self._proceed()

    def _is_refused_at_once(self) -> bool:
        """Connect a socket that was refused before; return whether it is refused again.

        Most ports of a scan over loopback are refused at once, so this takes no more calls than
        needed. After any other result, the socket is left as it is, and connected again below.
        """
        endpoint = self._setup.endpoints[0]
        sock = self._setup.spare.get(endpoint.family)
        if sock is None or len(self._setup.endpoints) > 1:
            return False
        number = number_of(self._port, "tcp")
        return number is not None and _connect(sock, endpoint, number) == errno.ECONNREFUSED

    @property
    def where(self) -> Address:
        """The address whose state is reported."""
        return self._address(self._last)

    def _proceed(self) -> None:
        now = time.monotonic()
        for expired in self._attempts.expired(now):
            sock = next((one for one, of in self._trying.items() if of is expired), None)
            self._failed(sock, expired, TimeoutError("timed out"))
        while not self.state and (due := self._attempts.due(now)):
            self._begin(due)
        if self.state:
            return
        if self._attempts.over:
            self._end("closed")
            return
        at = self._attempts.wake_at()
        if at is not None:
            self._call_later(max(0.0, at - now), self._proceed)

    def _begin(self, attempt: Attempt[Endpoint]) -> None:
        setup, family = self._setup, attempt.endpoint.family
        sock = None
        try:
            number = self._number()
            kind = socket.SOCK_DGRAM if self._datagrams else socket.SOCK_STREAM
            sock = setup.spare.pop(family, None)
            is_new = sock is None
            if sock is None:
                sock = socket.socket(family, kind)
            self._trying[sock] = attempt
            if is_new:
                sock.setblocking(False)
                sockopts.apply(sock, setup.options.sockopts)
                bind_source(sock, setup.address, setup.options, kind)
            code = _connect(sock, attempt.endpoint, number)
        except DialError:
            raise  # the source address does not resolve
        except OSError as error:
            self._failed(sock, attempt, error)
            return
        if self._datagrams and not code:
            self._ask(sock)
        elif code in (0, errno.EISCONN):
            self._settled(sock)
        elif code in _UNDER_WAY:
            setup.loop.watch_writer(sock.fileno(), lambda: self._settled(sock))
        else:
            keeps = code == errno.ECONNREFUSED and self._can_connect_again()
            if keeps:
                del self._trying[sock]
                setup.spare[family] = sock
            self._failed(None if keeps else sock, attempt, OSError(code, os.strerror(code)))

    def _can_connect_again(self) -> bool:
        options = self._setup.options
        bound = options.source is not None or options.source_port is not None
        return _ASKS_AGAIN and not self._datagrams and not bound

    def _number(self) -> int:
        number = number_of(self._port, "udp" if self._datagrams else "tcp")
        if number is None:
            raise OSError(0, "unknown service")
        return number

    def _settled(self, sock: socket.socket) -> None:
        try:
            check_connected(sock, self._trying[sock].endpoint)
        except OSError as error:
            self._failed_later(sock, error)
        else:
            self._open(sock)

    def _open(self, sock: socket.socket) -> None:
        self._last = self._trying[sock].endpoint
        if self._setup.banner is None:
            self._end("open")
            return
        self._let_go(but=sock)
        self._setup.loop.watch_writer(sock.fileno(), None)
        self._setup.loop.watch_reader(sock.fileno(), lambda: self._heard(sock))
        self._call_later(self._setup.banner, lambda: self._end("open"))
        self.state = "open"

    def _heard(self, sock: socket.socket) -> None:
        try:
            data = sock.recv(BANNER - len(self.banner))
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self.banner += data
        if not data or b"\n" in self.banner or len(self.banner) >= BANNER:
            self._end("open")

    def _ask(self, sock: socket.socket) -> None:
        half = self._setup.answer / 2
        self._setup.loop.watch_reader(sock.fileno(), lambda: self._answered(sock))
        # Send twice: a datagram may be lost, and ICMP is rate-limited (icmp(7), icmp_ratelimit).
        self._call_later(half, lambda: self._send(sock))
        self._call_later(2 * half, lambda: self._end_at(sock, "open|filtered"))
        self._send(sock)

    def _send(self, sock: socket.socket) -> None:
        try:
            sock.send(b"\0")
        except BlockingIOError:
            pass
        except OSError as error:
            self._failed_later(sock, error)

    def _answered(self, sock: socket.socket) -> None:
        try:
            sock.recv(BANNER)
        except BlockingIOError:
            return
        except OSError as error:
            self._failed_later(sock, error)
            return
        self._end_at(sock, "open")

    def _failed_later(self, sock: socket.socket, error: OSError) -> None:
        """Handle a started attempt that has failed; start the next one."""
        self._failed(sock, self._trying[sock], error)
        self._proceed()

    def _failed(self, sock: socket.socket | None, of: Attempt[Endpoint], error: OSError) -> None:
        if sock is not None:
            self._close(sock)
        if self._datagrams:
            self._cancel()
        options = self._setup.options
        if error.errno in _EXHAUSTED and self._tries < TRIES and not options.source_port:
            self._tries += 1
            self._postponed.add(of)
            self._call_later(PAUSE, lambda: self._begin_again(of))
            return
        self._postponed.discard(of)
        self._attempts.failed(of, time.monotonic())
        self._last = of.endpoint
        tried = self._address(of.endpoint)
        self.failed.append(AttemptFailed(tried, cause_of(error), self._attempts.over))

    def _begin_again(self, attempt: Attempt[Endpoint]) -> None:
        if attempt in self._postponed:
            self._postponed.remove(attempt)
            self._begin(attempt)
            self._proceed()

    def _end_at(self, sock: socket.socket, state: str) -> None:
        self._last = self._trying[sock].endpoint
        self._end(state)

    def _end(self, state: str) -> None:
        self._let_go()
        self.state = state
        self._finished(self)

    def _let_go(self, but: socket.socket | None = None) -> None:
        self._cancel()
        for sock in list(self._trying):
            if sock is not but:
                self._close(sock)

    def _close(self, sock: socket.socket) -> None:
        del self._trying[sock]
        self._setup.loop.watch_reader(sock.fileno(), None)
        self._setup.loop.watch_writer(sock.fileno(), None)
        sock.close()

    def _call_later(self, seconds: float, callback: Callable[[], None]) -> None:
        self._timers.append(self._setup.loop.call_later(seconds, callback))

    def _cancel(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _address(self, endpoint: Endpoint) -> Address:
        return Address(self._setup.address.scheme, self._setup.hosts[endpoint], self._port)


def _connect(sock: socket.socket, endpoint: Endpoint, port: int) -> int:
    """Connect to a port of the endpoint's address; return connect's errno."""
    name = (endpoint.name[0], port, *endpoint.name[2:])
    code = sock.connect_ex(name)
    if code == errno.EINPROGRESS and _ASKS_AGAIN:
        code = sock.connect_ex(name)
    return code
