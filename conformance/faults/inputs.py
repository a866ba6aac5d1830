"""Faults of what the server makes of its input, which the client sees in the answers only."""

from __future__ import annotations

from collections.abc import Callable

from .courses import Course


class _Unseen(Course):
    shows_in_answers = True

    def from_server(self, data: bytes) -> None:
        self.proxy.has_spoken = True
        super().from_server(data)


def changed_input(change: Callable[[bytes], bytes]) -> type[Course]:
    """The fault that does this to every piece of input that is read at once."""

    class Changed(_Unseen):
        def from_client(self, data: bytes) -> None:
            self.put_changed(self.server, data, change(data))

    return Changed


def first_line(data: bytes) -> bytes:
    """What a server makes of many lines if it takes what it reads at once for one."""
    return data[: data.find(b"\n") + 1] or data


def as_a_line(data: bytes) -> bytes:
    """What a server makes of half a line if it takes what it reads at once for a whole one."""
    return data if data.endswith(b"\n") else data + b"\n"


class SharedBuffer(_Unseen):
    """The unfinished line of one client is kept where the next client's input goes too."""

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
