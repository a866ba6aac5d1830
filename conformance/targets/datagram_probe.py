"""The readiness probe of a datagram service: it sends a question until an answer comes.

An answer from another port or address counts too: the scenarios say what is wrong with it. The
probe uses one port for the whole wait: if it had closed the port, an answer would come back to
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

#: Options to report "port unreachable" to a socket that is not connected (ip(7), ipv6(7); Python
#: has no names for them). On other systems an unreachable port is silent.
_REPORT_ERRORS: dict[int, tuple[int, int]] = {
    socket.AF_INET: (socket.IPPROTO_IP, 11),
    socket.AF_INET6: (socket.IPPROTO_IPV6, 25),
}


class DatagramProbe:
    """A probe of one address. Closing it is idempotent."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._sock: socket.socket | None = None
        self._name: tuple[str, int] | str = ""
        self._unanswered = 0

    def ask(self, question: bytes, until: float) -> bool | None:
        """Send the question once; return True for an answer, False for silence, None if refused."""
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
            self._unanswered = 0  # refused: earlier questions were not received either
            return None
        self._unanswered -= 1
        self._take_the_rest()
        return True

    def close(self) -> None:
        """Close the socket, which releases the port."""
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
        """Empty the queue of errors: with an error in it, a wait for an answer returns at once."""
        if self._sock is None:
            return  # the host does not exist
        queue = getattr(socket, "MSG_ERRQUEUE", 0)
        self._sock.setblocking(False)
        with suppress(OSError):
            while queue:
                self._sock.recvmsg(0, 512, queue)

    def _take_the_rest(self) -> None:
        """Receive the late answers to earlier questions; some may never come."""
        sock = self._socket()
        while self._unanswered > 0:
            sock.settimeout(PROBE_INTERVAL)
            try:
                sock.recv(65536)
            except OSError:
                return
            self._unanswered -= 1
