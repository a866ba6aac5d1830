"""Faults of the greeting, which the server sends before a client has sent anything."""

from __future__ import annotations

from collections.abc import Callable

from .answers import Answers
from .courses import Course


class _Whole(Answers):
    """The greeting is collected until it is complete; answers are forwarded at once."""

    def greeting(self, data: bytes) -> None:
        self.collect(data)

    def from_server(self, data: bytes) -> None:
        if self.has_input:
            self.client.put(data)
        else:
            super().from_server(data)

    def from_client(self, data: bytes) -> None:
        if not self._is_opening:
            self.flush()
        super().from_client(data)

    def _begin(self) -> None:
        self.flush()
        super()._begin()


def changed_greeting(change: Callable[[bytes], bytes]) -> type[Course]:
    """Return the fault that makes this change to every greeting."""

    class Changed(_Whole):
        def answer(self, data: bytes) -> None:
            self.put_changed(self.client, data, change(data))

    return Changed


class Late(_Whole):
    """The greeting comes once the client has sent something, or when the server ends."""

    _late = b""

    def answer(self, data: bytes) -> None:
        if not self.server.has_ended and not self._late:
            self.acts_for_now()
        self._late += data

    def input(self, data: bytes) -> None:
        late, self._late = self._late, b""
        self.client.put(late)
        super().input(data)

    def server_ended(self) -> None:
        self._begin()
        self.flush()
        self.acted_in_vain()
        self.client.put(self._late)
        super().server_ended()
