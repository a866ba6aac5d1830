"""Conditions for having received enough (``--until``, ``--count``). Pure.

A condition gets the received data in pieces, as the network cuts it, and returns the position of
the end in a piece.
"""

from __future__ import annotations

from .errors import UsageError, shortened
from .pattern import compiled
from .typed import Protocol

#: The bytes of earlier pieces in which a match may start.
WINDOW = 64 * 1024


class Condition(Protocol):
    """A condition; ``met``: whether enough was received."""

    met: bool

    def end(self, data: bytes) -> int | None:
        """Return how many of these bytes come before the end; None if it is not among them."""


class Until:
    """The condition that ends after the first match of a regular expression, also across pieces.

    Arguments:
        pattern: in Python's syntax (re), over bytes; ``^`` and ``$`` match at lines.

    Raises UsageError.
    """

    def __init__(self, pattern: str) -> None:
        try:
            self._pattern = compiled(pattern)
        except ValueError as error:
            raise UsageError(
                f"--until: {shortened(pattern)} is not a valid regular expression: {error}"
            ) from None
        self._before = b""
        self.met = False

    def end(self, data: bytes) -> int | None:
        """Return how many of these bytes come before the end, including the match."""
        seen = self._before + data
        found = self._pattern.search(seen)
        if found:
            self.met = True
            return max(0, found.end() - len(self._before))
        self._before = seen[-WINDOW:]
        return None


class Count:
    """The condition that ends after the n-th message.

    Arguments:
        messages: the number of messages.
        delimiter: the end of a message; None: each piece is one (datagrams).
    """

    def __init__(self, messages: int, delimiter: bytes | None = b"\n") -> None:
        self._left = messages
        self._delimiter = delimiter
        self._before = b""
        self.met = False

    def end(self, data: bytes) -> int | None:
        """Return how many of these bytes come before the end, including the last delimiter."""
        if self._delimiter is None:
            self._left -= 1
            self.met = self._left <= 0
            return len(data) if self.met else None
        seen = self._before + data
        at = 0
        while (found := seen.find(self._delimiter, at)) >= 0:
            at = found + len(self._delimiter)
            self._left -= 1
            if self._left <= 0:
                self.met = True
                return at - len(self._before)
        # A delimiter may be split between two pieces, but no byte counts twice.
        self._before = seen[max(at, len(seen) - len(self._delimiter) + 1) :]
        return None


def first_of(conditions: list[Condition]) -> Condition | None:
    """Return a condition that ends where the first of these does; None without conditions."""
    return _First(conditions) if conditions else None


class _First:
    def __init__(self, conditions: list[Condition]) -> None:
        self._conditions = conditions
        self.met = False

    def end(self, data: bytes) -> int | None:
        ends = [condition.end(data) for condition in self._conditions]
        self.met = any(condition.met for condition in self._conditions)
        return min((end for end in ends if end is not None), default=None)
