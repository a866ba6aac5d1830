"""Changing a share of a stream's bytes, at positions independent of the reads. Sans-I/O."""

from __future__ import annotations

import math

from ..core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random


class Noise:
    """A changer of a share of a stream's bytes.

    Arguments:
        random: the random generator.
        share: from 0 to 1.
    """

    def __init__(self, random: Random, share: float) -> None:
        self._random = random
        self._share = share
        self._next = self._gap()

    def spoil(self, data: bytes) -> bytes:
        """Return the next bytes of the stream, some of them changed."""
        if self._next >= len(data):
            self._next -= len(data)
            return data
        changed = bytearray(data)
        while self._next < len(data):
            changed[int(self._next)] ^= self._random.randrange(1, 256)
            self._next += 1 + self._gap()
        self._next -= len(data)
        return bytes(changed)

    def _gap(self) -> float:
        """Return the number of bytes before the next changed one: a geometric distribution."""
        if self._share <= 0:
            return math.inf
        if self._share >= 1:
            return 0
        return math.log(1 - self._random.random()) // math.log(1 - self._share)
