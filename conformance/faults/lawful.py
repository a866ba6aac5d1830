"""Lawful changes, which a network or a system may make; no requirement may call them a fault."""

from __future__ import annotations

from collections.abc import Callable

from .answers import QUIET
from .courses import Course

#: The delay of each direction in seconds: 50 ms for a question and its answer.
DELAY = 0.025

#: The size in bytes of each socket's buffers for small windows.
WINDOW = 8 * 1024

#: For data that a server sends at once: the number of bytes that arrive one by one, PAUSE seconds
#: apart; up to which byte each is a separate segment; and the size of the segments after that.
APART, PAUSE, SINGLE, SEGMENT = 32, 0.001, 4096, 1460


class Delayed(Course):
    """Everything comes late, in order: data, FIN and RST."""

    def from_client(self, data: bytes) -> None:
        self._later(lambda: super(Delayed, self).from_client(data))

    def client_ended(self) -> None:
        self._later(super().client_ended)

    def client_reset(self) -> None:
        self._later(super().client_reset)

    def from_server(self, data: bytes) -> None:
        self._later(lambda: super(Delayed, self).from_server(data))

    def server_ended(self) -> None:
        self._later(super().server_ended)

    def server_reset(self) -> None:
        self._later(super().server_reset)

    def _later(self, event: Callable[[], None]) -> None:
        self.acts()
        self.after(DELAY, event)


class ByteByByte(Course):
    """The server's data arrives in pieces of one byte, and later in short segments."""

    def opened(self) -> None:
        self._waiting = bytearray()
        self._then: list[Callable[[], None]] = []
        self._sent = 0
        self._is_running = False

    def from_server(self, data: bytes) -> None:
        self.acts()
        self._waiting += data
        # Read no more until these bytes have been written.
        self.server.read(False)
        self._go_on()

    def server_ended(self) -> None:
        self._then.append(super().server_ended)
        self._go_on()

    def server_reset(self) -> None:
        self._then.append(super().server_reset)
        self._go_on()

    def _go_on(self) -> None:
        if not self._is_running:
            self._is_running = True
            self._step()

    def _step(self) -> None:
        if not self._waiting or self.client.closed:
            self._is_running = False
            self.server.read(True)
            for event in self._then:
                event()
            self._then.clear()
            self.after(QUIET, lambda: None if self._is_running else self._fresh())
            return
        if self._sent < APART:
            size, pieces, pause = 1, 1, PAUSE
        elif self._sent < SINGLE:
            size, pieces, pause = 1, 64, 0.0
        else:
            size, pieces, pause = SEGMENT, 64, 0.0
        taken = bytes(self._waiting[: size * pieces])
        del self._waiting[: len(taken)]
        self._sent += len(taken)
        for at in range(0, len(taken), size):
            self.client.put(taken[at : at + size])
        self.after(pause, self._step)

    def _fresh(self) -> None:
        self._sent = 0
