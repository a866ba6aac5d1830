"""Many ports at once: connections that are begun and watched in one loop, in bounds.

Results are told in the order in which the ports were asked for, as soon as all before
them are known. A port that took a connection is open, whatever becomes of it then.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections import deque

from ..core.address import DATAGRAMS, Address
from ..core.config import Config
from ..core.errors import cause_of
from ..core.events import AttemptFailed, Report, Scanned
from ..engine.loop import Loop, Timer
from ..transports import sockopts
from ..transports.internet import address_of, bind_source, resolve
from .common import options_of

#: Sockets at once; fewer where the process may have fewer.
MOST = 512

#: Descriptors that are left for everything else.
SPARE = 32

#: Seconds to wait for a UDP port's answer, and for a banner, unless the user says otherwise.
ANSWER = 2.0

#: Bytes of a banner.
BANNER = 1024

#: Seconds before a new try when the system is out of sockets or ports.
PAUSE = 0.05

_EXHAUSTED = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.EADDRNOTAVAIL, errno.ENOBUFS}
)

#: A connection that has been begun.
_UNDER_WAY = frozenset({errno.EINPROGRESS, errno.EALREADY, errno.EWOULDBLOCK})

#: Over loopback the answer is there before the first question has returned (Linux handles
#: the RST when connect lets go of the socket), and a second connect tells it: no need to
#: wait. (Windows answers a second one with WSAEINVAL, and BSD begins anew.)
_ASKS_AGAIN = sys.platform == "linux"

#: Tries of one port while the system is exhausted; then that is the answer.
_TRIES = 200


class Sweep:
    """One scan.

    Arguments:
        config: address, ports, times; nothing that needs one connection after another.
        report: is told of every port, in order.

    Raises DialError for a name that does not resolve.
    """

    def __init__(self, config: Config, report: Report) -> None:
        assert config.address is not None
        self._config = config
        self._address = config.address
        self._report = report
        self._options = options_of(config, report)
        self._datagrams = self._address.scheme in DATAGRAMS
        kind = socket.SOCK_DGRAM if self._datagrams else socket.SOCK_STREAM
        self._kind = kind
        # The name is looked up once, with any port: each gets its own below.
        self._endpoints = resolve(self._address._replace(port="0"), self._options, kind)
        scheme = self._address.scheme
        self._addresses = [address_of(scheme, endpoint.name) for endpoint in self._endpoints]
        self._loop = Loop()
        self._waiting = deque(_Port(number, text) for number, text in enumerate(config.ports))
        self._known: dict[int, list[AttemptFailed | Scanned]] = {}
        self._told = 0
        self._in_flight = 0
        self._most = _most()
        self.found = False

    def run(self) -> bool:
        """Scan; returns whether a port is open, or may be."""
        with self._loop:
            self._fill()
            self._loop.run_while(lambda: self._told < len(self._config.ports))
        return self.found

    def _fill(self) -> None:
        while self._waiting and self._in_flight < self._most:
            self._begin(self._waiting.popleft())

    def _begin(self, port: _Port) -> None:
        family, name = self._endpoints[port.attempt]
        try:
            number = int(port.text) if port.text.isdigit() else self._service(port.text)
            sock = socket.socket(family, self._kind)
        except OSError as error:
            self._failed(port, error)
            return
        self._in_flight += 1
        port.sock = sock
        try:
            sock.setblocking(False)
            sockopts.apply(sock, self._options.sockopts)
            bind_source(sock, self._address, self._options, self._kind)
            target = (name[0], number, *name[2:])
            code = sock.connect_ex(target)
            if code == errno.EINPROGRESS and _ASKS_AGAIN:
                code = sock.connect_ex(target)
        except OSError as error:
            code = error.errno or errno.EINVAL
        if self._datagrams and not code:
            self._ask(port)
        elif code in (0, errno.EISCONN):
            self._connected(port)
        elif code in _UNDER_WAY:
            port.watched = True
            self._loop.watch_writer(sock.fileno(), lambda: self._settled(port))
            if self._options.timeout is not None:
                port.timer = self._loop.call_later(
                    self._options.timeout, lambda: self._timed_out(port)
                )
        else:
            self._failed(port, OSError(code, os.strerror(code)))

    def _service(self, text: str) -> int:
        return socket.getservbyname(text, "udp" if self._datagrams else "tcp")

    # TCP.

    def _settled(self, port: _Port) -> None:
        assert port.sock is not None
        code = port.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self._failed(port, OSError(code, os.strerror(code)))
        else:
            self._connected(port)
        self._fill()

    def _timed_out(self, port: _Port) -> None:
        self._failed(port, TimeoutError("timed out"))
        self._fill()

    def _connected(self, port: _Port) -> None:
        sock = port.sock
        assert sock is not None
        try:
            # A free port of the ephemeral range can meet itself (simultaneous open).
            itself = sock.getsockname() == sock.getpeername()
        except OSError:
            itself = False  # reset at once: it took the connection nevertheless
        if itself:
            number = errno.ECONNREFUSED
            self._failed(port, OSError(number, os.strerror(number)))
            return
        if self._config.banner is None:
            self._done(port, "open")
            return
        port.stop(self._loop)
        self._loop.watch_reader(sock.fileno(), lambda: self._heard(port))
        port.watched = True
        port.timer = self._loop.call_later(self._config.banner, lambda: self._over(port, "open"))

    def _heard(self, port: _Port) -> None:
        assert port.sock is not None
        try:
            data = port.sock.recv(BANNER - len(port.banner))
        except BlockingIOError:
            return
        except OSError:
            data = b""
        port.banner += data
        if not data or b"\n" in port.banner or len(port.banner) >= BANNER:
            self._over(port, "open")

    # UDP.

    def _ask(self, port: _Port) -> None:
        sock = port.sock
        assert sock is not None
        seconds = self._config.wait or ANSWER
        port.watched = True
        self._loop.watch_reader(sock.fileno(), lambda: self._answered(port))
        port.timer = self._loop.call_later(seconds / 2, lambda: self._ask_again(port, seconds / 2))
        self._send(port)

    def _ask_again(self, port: _Port, seconds: float) -> None:
        # A datagram may be lost, and ICMP is rationed (icmp(7), icmp_ratelimit).
        port.timer = self._loop.call_later(seconds, lambda: self._over(port, "open|filtered"))
        self._send(port)
        self._fill()

    def _send(self, port: _Port) -> None:
        assert port.sock is not None
        try:
            port.sock.send(b"\0")
        except BlockingIOError:
            pass
        except OSError as error:
            self._failed(port, error)

    def _answered(self, port: _Port) -> None:
        assert port.sock is not None
        try:
            port.sock.recv(BANNER)
        except BlockingIOError:
            return
        except OSError as error:
            self._failed(port, error)
            self._fill()
            return
        self._over(port, "open")

    # What came of it.

    def _failed(self, port: _Port, error: OSError) -> None:
        self._let_go(port)
        if error.errno in _EXHAUSTED and port.tries < _TRIES and not self._config.source_port:
            port.tries += 1
            self._loop.call_later(PAUSE, lambda: self._again(port))
            return
        tried = self._tried(port)
        port.failed.append(AttemptFailed(tried, cause_of(error)))
        if port.attempt + 1 < len(self._endpoints):
            port.attempt += 1
            self._waiting.appendleft(port)
            return
        self._know(port, [*port.failed, Scanned(tried, self._address.host, "closed")])

    def _again(self, port: _Port) -> None:
        self._waiting.appendleft(port)
        self._fill()

    def _over(self, port: _Port, state: str) -> None:
        self._done(port, state)
        self._fill()

    def _done(self, port: _Port, state: str) -> None:
        self._let_go(port)
        self.found = True
        scanned = Scanned(self._tried(port), self._address.host, state, port.banner)
        self._know(port, [*port.failed, scanned])

    def _know(self, port: _Port, events: list[AttemptFailed | Scanned]) -> None:
        self._known[port.number] = events
        while self._told in self._known:
            for event in self._known.pop(self._told):
                self._report(event)
            self._told += 1

    def _let_go(self, port: _Port) -> None:
        port.stop(self._loop)
        if port.sock is not None:
            port.sock.close()
            port.sock = None
            self._in_flight -= 1

    def _tried(self, port: _Port) -> Address:
        return self._addresses[port.attempt]._replace(port=port.text)


class _Port:
    """One port on its way."""

    def __init__(self, number: int, text: str) -> None:
        self.number = number
        self.text = text
        self.attempt = 0
        self.tries = 0
        self.sock: socket.socket | None = None
        self.timer: Timer | None = None
        self.watched = False
        self.banner = b""
        self.failed: list[AttemptFailed | Scanned] = []

    def stop(self, loop: Loop) -> None:
        """Watch it no more."""
        if self.watched and self.sock is not None:
            self.watched = False
            loop.watch_reader(self.sock.fileno(), None)
            loop.watch_writer(self.sock.fileno(), None)
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


def _most() -> int:
    try:
        import resource
    except ImportError:  # Windows
        return MOST
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if soft < 0 else max(1, min(MOST, soft - SPARE))
