"""The relay between the client program and a server of datagrams; it forwards each unchanged."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable
from contextlib import suppress

from ..core.interruption import held
from ..targets.address import LOOPBACK, UDP, Address, endpoints
from .watched import Watched

#: The size of a buffer for any datagram.
ROOM = 65_536

#: Seconds between two checks if nothing happens, and for answers after the client has ended.
TICK, AFTERWARDS = 0.05, 0.5


class DatagramRelay:
    """A relay for the datagrams of one client program and the server's answers.

    Arguments:
        address: the server's address.
        watched: where the datagrams are recorded.
    Raises OSError.
    """

    def __init__(self, address: Address, watched: Watched) -> None:
        family, name = endpoints(address)[0]
        self._watched = watched
        self._client_name: tuple[str, int] | None = None
        self._near = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._far = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._near.bind((LOOPBACK[UDP], 0))
            self._far.connect(name)
        except BaseException:
            self.close()
            raise
        for sock in (self._near, self._far):
            sock.setblocking(False)

    @property
    def port(self) -> int:
        """The port to which the client program sends."""
        return int(self._near.getsockname()[1])

    @property
    def is_used(self) -> bool:
        """Whether the client has sent anything."""
        return self._client_name is not None

    def run(self, client_runs: Callable[[], bool]) -> None:
        """Forward datagrams until the client program has ended.

        Raises KeyboardInterrupt between two steps; ``run`` can be called again.
        """
        until: float | None = None
        while until is None or time.monotonic() < until:
            with selectors.DefaultSelector() as selector:
                for sock in (self._near, self._far):
                    selector.register(sock, selectors.EVENT_READ)
                selector.select(TICK)
            with held():
                self._step()
            if until is None and not client_runs():
                until = time.monotonic() + AFTERWARDS

    def close(self) -> None:
        """Close both sockets; idempotent."""
        self._near.close()
        self._far.close()

    def _step(self) -> None:
        with suppress(BlockingIOError, ConnectionError):
            while True:
                data = self._far.recv(ROOM)
                self._watched.received("A", data)
                if self._client_name is not None:
                    self._near.sendto(data, self._client_name)
        with suppress(BlockingIOError, ConnectionError):
            while True:
                data, name = self._near.recvfrom(ROOM)
                self._client_name = self._client_name or name
                if name == self._client_name:
                    self._watched.sent("A", data)
                    self._far.send(data)
