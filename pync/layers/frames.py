"""Messages in a stream: each stands behind its length, four bytes. Sans-I/O.

No protocol of the wire: it keeps messages apart between two threads of ours.
"""

from __future__ import annotations

import struct

_LENGTH = struct.Struct("!I")


def pack(message: bytes | memoryview) -> bytes:
    """Return a message as it stands in the stream."""
    return _LENGTH.pack(len(message)) + bytes(message)


class Frames:
    """Takes a stream apart, however it was cut."""

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
