"""Messages in a stream: each follows its length in four bytes. Sans-I/O.

It is not a network protocol: it keeps messages apart between two threads of pync.
"""

from __future__ import annotations

import struct

_LENGTH = struct.Struct("!I")


def pack(message: bytes | memoryview) -> bytes:
    """Return a message in the form of the stream."""
    return _LENGTH.pack(len(message)) + bytes(message)


class Frames:
    """A parser of the stream, whose pieces may be cut anywhere."""

    def __init__(self) -> None:
        self._received = bytearray()

    def take(self, data: bytes) -> list[bytes]:
        """Return the messages that are complete with these bytes."""
        self._received += data
        messages = []
        start = 0
        while start + _LENGTH.size <= len(self._received):
            (length,) = _LENGTH.unpack_from(self._received, start)
            end = start + _LENGTH.size + length
            if end > len(self._received):
                break
            messages.append(bytes(self._received[start + _LENGTH.size : end]))
            start = end
        del self._received[:start]
        return messages
