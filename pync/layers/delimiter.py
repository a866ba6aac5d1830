"""Cutting a stream of bytes into messages at a delimiter, with state. Pure.

For datagrams: each message of the input becomes one datagram, independent of the reads.
"""

from __future__ import annotations


class Cutter:
    """A cutter of a stream into messages.

    Arguments:
        delimiter: the end of a message; it is not part of the message.
        largest: the limit of bytes; a longer message is cut there.
    """

    def __init__(self, delimiter: bytes, largest: int) -> None:
        self._delimiter = delimiter
        self._largest = largest
        self._rest = b""

    def cut(self, data: bytes) -> list[bytes]:
        """Return the messages that are complete by now."""
        *messages, self._rest = (self._rest + data).split(self._delimiter)
        # Do not cut inside a possible delimiter.
        whole = len(self._rest) - len(self._delimiter) + 1
        while whole >= self._largest:
            messages.append(self._rest[: self._largest])
            self._rest = self._rest[self._largest :]
            whole -= self._largest
        return [piece for message in messages for piece in self._pieces(message)]

    def rest(self) -> list[bytes]:
        """Return the last message, which has no delimiter."""
        rest, self._rest = self._rest, b""
        return self._pieces(rest)

    def _pieces(self, message: bytes) -> list[bytes]:
        size = self._largest
        return [message[at : at + size] for at in range(0, len(message), size)]


class LastEnds(Cutter):
    """A cutter that does not change a stream, and adds a missing delimiter at its end.

    It is for a layer that cuts itself, and would keep the last message until our end (WebSocket).

    Arguments:
        delimiter: the end of a message.
    """

    def __init__(self, delimiter: bytes) -> None:
        super().__init__(delimiter, 1)

    def cut(self, data: bytes) -> list[bytes]:
        """Return the data unchanged."""
        self._rest = (self._rest + data[-len(self._delimiter) :])[-len(self._delimiter) :]
        return [data]

    def rest(self) -> list[bytes]:
        """Return the missing delimiter, if any."""
        rest, self._rest = self._rest, b""
        return [self._delimiter] if rest and rest != self._delimiter else []
