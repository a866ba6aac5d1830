"""A worker's place among the processes that serve one port together (``--workers``, workers.py).

What they have to know of one another is in memory that they share: how many clients each has, and
how many connections it has numbered. Each writes its own two cells only, so there is no lock.
"""

from __future__ import annotations

import mmap
import os
import signal
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ...core.errors import Terminated

if TYPE_CHECKING:
    from ...engine.loop import Loop

#: Bytes of a cell; a worker has two.
_CELL, _CELLS = 8, 2


class Board:
    """The memory that all workers share.

    Arguments:
        workers: how many there are.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        # (Anonymous and shared: fork(2) copies it for nobody.)
        self._cells = memoryview(mmap.mmap(-1, workers * _CELLS * _CELL)).cast("q")

    def clients(self, number: int) -> int:
        """Return how many one worker has."""
        return self._cells[(number - 1) * _CELLS]

    def set_clients(self, number: int, count: int) -> None:
        """Note how many one has."""
        self._cells[(number - 1) * _CELLS] = count

    def elsewhere(self, number: int) -> int:
        """Return how many the others have."""
        return sum(self._cells[::_CELLS]) - self.clients(number)

    def next_number(self, number: int) -> int:
        """Return a number for a connection, which no other connection of any worker gets."""
        cell = (number - 1) * _CELLS + 1
        count = self._cells[cell]
        self._cells[cell] = count + 1
        return count * self.workers + number


class Place:
    """One worker's.

    Arguments:
        number: its own, from 1.
        board: what all share.
        parent: a descriptor that can be read when the process that started the workers is gone.
        mask: the signals to block once it serves; until then all that it will handle are.
    """

    def __init__(self, number: int, board: Board, parent: int, mask: Iterable[int]) -> None:
        self.number = number
        self._board = board
        self._parent = parent
        self._mask = list(mask)

    def attend(self, loop: Loop) -> None:
        """Take signals from now on, and end with the process that started us. Idempotent.

        The loop raises Terminated when that has ended, however it did.
        """
        loop.watch_reader(self._parent, _orphaned)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)

    def has(self, clients: int) -> None:
        """Note how many clients this worker has."""
        self._board.set_clients(self.number, clients)

    @property
    def elsewhere(self) -> int:
        """How many clients the other workers have."""
        return self._board.elsewhere(self.number)

    def numbers(self) -> Iterator[int]:
        """The numbers of this worker's connections; its predecessor's are not used again."""
        while True:
            yield self._board.next_number(self.number)


def lifeline() -> tuple[int, int]:
    """Two ends of a pipe: one that can be read when the last process has closed the other one."""
    return os.pipe()


def _orphaned() -> None:
    raise Terminated(signal.SIGTERM)
