"""The readiness probe of a datagram service: it asks until it is answered.

An answer from another port or address is an answer too: the scenarios say what is wrong with
it. One port for the whole wait: an answer to a port that has been given up would come back to
the server as "unreachable" (ICMP), which a fragile server does not survive.
"""

from __future__ import annotations

import socket
import sys
import time
from contextlib import suppress

from .address import Address, endpoints

#: Seconds to wait for an answer before asking again.
PROBE_INTERVAL = 0.25

#: Have "port unreachable" reported to a socket that is not connected (ip(7), ipv6(7); Python
#: has no names for them). Elsewhere nobody there is silence.
_REPORT_ERRORS: dict[int, tuple[int, int]] = {
    socket.AF_INET: (socket.IPPROTO_IP, 11),
    socket.AF_INET6: (socket.IPPROTO_IPV6, 25),
}


class DatagramProbe:
    """Asks one address. Closing it is idempotent."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._sock: socket.socket | None = None
        self._name: tuple[str, int] | str = ""
        self._unanswered = 0

    def ask(self, question: bytes, until: float) -> bool | None:
        """Ask once: True is answered, False is silence, None is nobody there."""
        try:
            sock = self._socket()
            sock.sendto(question, self._name)
            self._unanswered += 1
            sock.settimeout(max(0.01, min(PROBE_INTERVAL, until - time.monotonic())))
            sock.recv(65536)
        except TimeoutError:
            return False
        except OSError:
            self._forget_errors()
            self._unanswered = 0  # refused: what was asked before reached nobody either
            return None
        self._unanswered -= 1
        self._take_the_rest()
        return True

    def close(self) -> None:
        """Let the port go."""
        if self._sock is not None:
            self._sock.close()

    def _socket(self) -> socket.socket:
        if self._sock is None:
            family, self._name = endpoints(self._address)[0]
            self._sock = socket.socket(family, socket.SOCK_DGRAM)
            if sys.platform.startswith("linux"):
                self._sock.setsockopt(*_REPORT_ERRORS[family], 1)
        return self._sock

    def _forget_errors(self) -> None:
        """Empty the queue of errors: while one is in it, no wait for an answer waits."""
        if self._sock is None:
            return  # there is no such host
        queue = getattr(socket, "MSG_ERRQUEUE", 0)
        self._sock.setblocking(False)
        with suppress(OSError):
            while queue:
                self._sock.recvmsg(0, 512, queue)

    def _take_the_rest(self) -> None:
        """The answers to what was asked in vain at first; some may never come."""
        sock = self._socket()
        while self._unanswered > 0:
            sock.settimeout(PROBE_INTERVAL)
            try:
                sock.recv(65536)
            except OSError:
                return
            self._unanswered -= 1
