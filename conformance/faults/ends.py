"""Faults of the end of a connection: FIN, RST and half-close."""

from __future__ import annotations

from .answers import QUIET, Answers
from .courses import Course


class NoFin(Course):
    """The server never ends a connection."""

    def server_ended(self) -> None:
        self.acts()


class RstForFin(Course):
    """The server resets a connection where it should end it."""

    def server_ended(self) -> None:
        self.acts()
        self.client.abort()
        self.server.hang_up()


class FinForRst(Course):
    """The server ends a connection where it should reset it.

    Only a client that awaits an RST notices this: otherwise an RST may just mean that the server
    closed the connection with unread input.
    """

    shows_in_resets = True

    def server_reset(self) -> None:
        self.acts()
        self.client.hang_up()


class EarlyFin(Answers):
    """The server ends the connection after its first answer, before the client's FIN."""

    _has_left = False

    def answer(self, data: bytes) -> None:
        self.client.put(data)
        if not (self.client.has_ended or self.server.has_ended or self._has_left):
            self.acts()
            self._has_left = True
            self.client.end()
            self.server.end()

    def input(self, data: bytes) -> None:
        if self._has_left:
            # The system does the same for a closed socket.
            self.client.abort()
            self.server.hang_up()
        else:
            super().input(data)


class LostAtFin(Answers):
    """Data that the server has not written yet is lost when the client sends FIN."""

    def client_ended(self) -> None:
        if not self._is_opening and self.is_collecting:
            self.acts()
            self.drop()
        super().client_ended()

    def answer(self, data: bytes) -> None:
        if self.client.has_ended:
            self.acts()
        else:
            self.client.put(data)


class HalfCloseLost(Course):
    """The server does not notice the client's FIN."""

    _is_lost = False

    def client_ended(self) -> None:
        if self.server.has_ended:
            super().client_ended()
            return
        self.acts_for_now()
        self._is_lost = True

    def server_ended(self) -> None:
        self.acted_in_vain()
        if self._is_lost:
            # The server has ended without the FIN, and sends nothing more.
            self.server.end()
        super().server_ended()


class HeldUntilFin(Course):
    """Nothing is sent until the client has sent FIN, like from a buffer without a flush."""

    _held = b""
    _has_acted = False

    def from_server(self, data: bytes) -> None:
        if self.client.has_ended:
            self.client.put(data)
            return
        if not self._held:
            self.after(QUIET, self._look)
        self._held += data

    def client_ended(self) -> None:
        self._release()
        super().client_ended()

    def server_ended(self) -> None:
        self.acted_in_vain()
        self._release()
        super().server_ended()

    def _look(self) -> None:
        if self._held and not self._has_acted:
            self._has_acted = True
            self.acts_for_now()

    def _release(self) -> None:
        held, self._held = self._held, b""
        self.client.put(held)
