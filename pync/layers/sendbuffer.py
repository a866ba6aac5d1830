"""Bytes that wait to be sent, in order. It sends nothing itself: the caller brings the send.

Used where a send may take less than it was given: by engine/outbox.py, and by connections
that send bytes of their own (TLS records, TELNET answers).
"""

from __future__ import annotations

from collections.abc import Callable

_NOTHING = memoryview(b"")


class SendBuffer:
    """A queue of bytes.

    A large piece that is put into an empty buffer is not copied; small pieces that have to wait
    cost no more than their bytes.
    """

    def __init__(self) -> None:
        # What is being sent never grows, so that the code that sends it may keep a view of it;
        # what is put meanwhile is collected behind it.
        self._head = _NOTHING
        self._tail = bytearray()

    def __len__(self) -> int:
        return len(self._head) + len(self._tail)

    @property
    def size(self) -> int:
        """Bytes that wait."""
        return len(self)

    def put(self, data: bytes) -> None:
        """Add this behind what waits."""
        if self._head:
            self._tail += data
        else:
            self._head = memoryview(data)

    def next(self) -> memoryview:
        """Return the next bytes to be sent; none: nothing waits."""
        return self._head

    def sent(self, count: int) -> None:
        """Drop so many of these bytes: they were sent."""
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
            send: takes some bytes and returns how many it has sent.

        Raises what ``send`` raises (BlockingIOError when it must wait); what was not sent by
        then still waits.
        """
        while self._head:
            self.sent(send(self._head))
