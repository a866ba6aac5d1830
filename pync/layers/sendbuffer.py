"""A queue of bytes that wait to be sent. It sends nothing itself: the caller does.

It is for sends that may accept fewer bytes than they are given: in engine/outbox.py, and in
connections that send bytes of their own (TLS records, TELNET answers).
"""

from __future__ import annotations

from collections.abc import Callable

_NOTHING = memoryview(b"")


class SendBuffer:
    """A queue of bytes.

    A large piece that is put into an empty buffer is not copied; small pieces that wait need only
    the memory of their bytes.
    """

    def __init__(self) -> None:
        # The head never grows while it is sent, so that the sender may keep a view of it; new
        # bytes are collected in the tail.
        self._head = _NOTHING
        self._tail = bytearray()

    def __len__(self) -> int:
        return len(self._head) + len(self._tail)

    @property
    def size(self) -> int:
        """The number of bytes that wait."""
        return len(self)

    def put(self, data: bytes) -> None:
        """Append bytes."""
        if self._head:
            self._tail += data
        else:
            self._head = memoryview(data)

    def next(self) -> memoryview:
        """Return the next bytes to send; empty when none wait."""
        return self._head

    def sent(self, count: int) -> None:
        """Remove so many of these bytes: they were sent."""
        if count < len(self._head):
            self._head = self._head[count:]
        elif self._tail:
            self._head, self._tail = memoryview(self._tail), bytearray()
        else:
            self._head = _NOTHING

    def clear(self) -> None:
        """Drop everything."""
        self._head, self._tail = _NOTHING, bytearray()

    def send_with(self, send: Callable[[memoryview], int]) -> None:
        """Send everything.

        Arguments:
            send: sends some of the bytes and returns how many.

        Raises what ``send`` raises (BlockingIOError when it must wait); the bytes that were not
        sent still wait.
        """
        while self._head:
            self.sent(send(self._head))
