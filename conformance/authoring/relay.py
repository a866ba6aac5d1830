"""The relay between the client program and the server; it forwards bytes, FIN and RST.

The server's side is a channel of the suite, whose transcript is the recording. The client's
side is a channel too, but its events are not recorded.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable
from contextlib import suppress

from ..clients.channel import DATA, FIN, RST, Channel, ServerLeft
from ..core.interruption import held
from ..core.verdict import Violation
from ..targets.queues import queues_of
from .pacing import Pacing

#: Seconds between two checks if nothing happens.
TICK = 0.02

#: The bytes that may wait for the client; with more, nothing is read from the server.
WAITING = 256 * 1024

#: The most bytes written to the client at once.
SHOWN = 64 * 1024

#: Seconds for which the server may continue after the client program has ended.
AFTERWARDS = 2.0

#: Seconds that the client may take to read the data before an RST.
READING = 2.0


class Relay:
    """A relay between one connection of the client program and the server.

    Arguments:
        client: the accepted connection, and its channel.
        server: the connection to the server, and its channel.
    """

    def __init__(
        self,
        client: tuple[socket.socket, Channel],
        server: tuple[socket.socket, Channel],
    ) -> None:
        self._client_socket, self._client = client
        self._server_socket, self._server = server
        self._pacing = Pacing(time.monotonic())
        self._shown = bytearray()
        #: Whether the client's end was forwarded to the server, and the server's to the client.
        self._told_server = self._told_client = False
        self._client_left = False
        self._reset_at: float | None = None
        self.is_over = False
        #: Whether the relay stopped although the server had not ended.
        self.was_cut = False

    def run(self, client_runs: Callable[[], bool]) -> None:
        """Forward data until both sides have ended, or one has reset the connection.

        Arguments:
            client_runs: returns whether the client program still runs.
        Raises KeyboardInterrupt between two steps; ``run`` can be called again.
        """
        until: float | None = None
        while not self.is_over:
            self._wait()
            with held():
                self._step()
                if until is None and not client_runs():
                    until = time.monotonic() + AFTERWARDS
                if until is not None and time.monotonic() > until and not self.is_over:
                    self.is_over = self.was_cut = True

    def close(self) -> None:
        """Close both connections; idempotent."""
        self._client.close(note=False)
        self._server.close(note=False)

    def _wait(self) -> None:
        with selectors.DefaultSelector() as selector:
            if self._client.ended is None and self._pacing.size < WAITING:
                selector.register(self._client_socket, selectors.EVENT_READ)
            events = 0
            if self._server.ended is None and len(self._shown) < WAITING:
                events |= selectors.EVENT_READ
            if events:
                selector.register(self._server_socket, events)
            if selector.get_map():
                selector.select(TICK)
                return
        time.sleep(TICK / 5)

    def _step(self) -> None:
        # Read from the server first: its data so far comes before the client's next data.
        self._take_from_server()
        self._take_from_client()
        self._send_to_server()
        self._show_to_client()
        self._pass_on_ends()

    def _take_from_server(self) -> None:
        with suppress(Violation):  # TLS failed; wait for the end of the channel
            while len(self._shown) < WAITING and self._server.receive(0.0) == DATA:
                data = self._server.take()
                if not data:
                    break
                self._shown += data
                self._pacing.heard(time.monotonic())

    def _take_from_client(self) -> None:
        while self._pacing.size < WAITING and self._client.receive(0.0) == DATA:
            data = self._client.take()
            if not data:
                break
            self._pacing.put(data)
        self._pacing.ended = self._client.ended == FIN

    def _send_to_server(self) -> None:
        while self._unsent or (data := self._pacing.take(time.monotonic())):
            if not self._unsent:
                self._unsent = data
            try:
                written = self._server.write(memoryview(self._unsent))
            except ServerLeft:
                self._shown += self._server.take()
                self._unsent = b""
                return
            if written is None:
                return
            self._unsent = self._unsent[written:]

    _unsent = b""

    def _show_to_client(self) -> None:
        while self._shown and not self._client_left:
            try:
                written = self._client.write(memoryview(bytes(self._shown[:SHOWN])))
            except ServerLeft:
                self._client_left = True
                return
            if written is None:
                return
            del self._shown[:written]

    def _pass_on_ends(self) -> None:
        if self._client.ended == RST:
            with suppress(ServerLeft):
                self._server.write(memoryview(self._unsent + self._pacing.rest()))
            self._server.reset()
            self.is_over = True
            return
        if self._client_left:
            self._shown.clear()
        if self._server.ended == RST and not self._shown:
            self._pass_on_reset()
            return
        if self._server.ended == FIN and not self._shown and not self._told_client:
            self._told_client = True
            with suppress(ServerLeft):
                self._client.shut_down()
        if self._pacing.is_over(time.monotonic()) and not self._unsent and not self._told_server:
            self._told_server = True
            with suppress(ServerLeft):
                self._server.shut_down()
        self.is_over = self._told_client and self._told_server

    def _pass_on_reset(self) -> None:
        """Reset the client's connection after it has read all data before the reset."""
        now = time.monotonic()
        self._reset_at = self._reset_at or now
        queues = None if self._client_left else queues_of(self._client_socket)
        waits = queues.unread > 0 if queues else now - self._reset_at < 0.2
        if not waits or self._client_left or now - self._reset_at > READING:
            self._client.reset()
            self.is_over = True
