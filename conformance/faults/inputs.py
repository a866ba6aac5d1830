"""Faults of how the server processes its input; a client sees them only in the answers."""

from __future__ import annotations

from collections.abc import Callable

from .courses import Course


class _Unseen(Course):
    shows_in_answers = True

    def from_server(self, data: bytes) -> None:
        self.proxy.has_spoken = True
        super().from_server(data)


def changed_input(change: Callable[[bytes], bytes]) -> type[Course]:
    """Return the fault that makes this change to every piece of input that is read at once."""

    class Changed(_Unseen):
        def from_client(self, data: bytes) -> None:
            self.put_changed(self.server, data, change(data))

    return Changed


def first_line(data: bytes) -> bytes:
    """Return the input of a server that treats everything it reads at once as a single line."""
    return data[: data.find(b"\n") + 1] or data


def as_a_line(data: bytes) -> bytes:
    """Return the input of a server that treats half a line, read at once, as a complete line."""
    return data if data.endswith(b"\n") else data + b"\n"


class SharedBuffer(_Unseen):
    """All clients share one buffer for unfinished lines."""

    def from_client(self, data: bytes) -> None:
        if len(self.proxy.courses) == 1 and not self.proxy.unfinished:
            self.server.put(data)
            return
        whole = data[: data.rfind(b"\n") + 1]
        if whole:
            kept, self.proxy.unfinished = self.proxy.unfinished, b""
            if kept and self.proxy.begun_by is not self:
                self.acts()
            self.server.put(kept + whole)
        if len(data) > len(whole):
            self.proxy.unfinished += data[len(whole) :]
            self.proxy.begun_by = self
