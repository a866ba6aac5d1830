"""The readiness probe of a datagram service: it asks until it is answered.

One port for the whole wait: an answer to a port that has been given up would come back to
the server as "unreachable" (ICMP), which a fragile server does not survive.
"""

from __future__ import annotations

import socket
import time

from .address import Address, endpoints

#: Seconds to wait for an answer before asking again.
PATIENCE = 0.25


class DatagramProbe:
    """Asks one address. Closing it is idempotent."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._sock: socket.socket | None = None
        self._unanswered = 0

    def ask(self, question: bytes, until: float) -> bool | None:
        """Ask once: True is answered, False is silence, None is nobody there."""
        try:
            sock = self._socket()
            sock.send(question)
            self._unanswered += 1
            sock.settimeout(max(0.01, min(PATIENCE, until - time.monotonic())))
            sock.recv(65536)
        except TimeoutError:
            return False
        except OSError:
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
            family, name = endpoints(self._address)[0]
            self._sock = socket.socket(family, socket.SOCK_DGRAM)
            self._sock.connect(name)
        return self._sock

    def _take_the_rest(self) -> None:
        """The answers to what was asked in vain at first; some may never come."""
        sock = self._socket()
        while self._unanswered > 0:
            sock.settimeout(PATIENCE)
            try:
                sock.recv(65536)
            except OSError:
                return
            self._unanswered -= 1
