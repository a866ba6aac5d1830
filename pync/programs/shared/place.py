"""A worker's place among the processes that serve one port together (``--workers``, workers.py).

They share memory with what they need to know of one another: how many clients each has, and how
many connections each has numbered. Each writes only its own two cells, so no lock is needed.
"""

from __future__ import annotations

import mmap
import os
import signal
from collections.abc import Iterable, Iterator

from ...core.errors import Terminated
from ...core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from ...engine.loop import Loop

#: Bytes of a cell; a worker has two.
_CELL, _CELLS = 8, 2


class Board:
    """The memory that all workers share.

    Arguments:
        workers: the number of workers.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        # (An anonymous shared mapping: fork(2) does not copy it.)
        self._cells = memoryview(mmap.mmap(-1, workers * _CELLS * _CELL)).cast("q")

    def clients(self, number: int) -> int:
        """Return the number of clients of one worker."""
        return self._cells[(number - 1) * _CELLS]

    def set_clients(self, number: int, count: int) -> None:
        """Record the number of clients of one worker."""
        self._cells[(number - 1) * _CELLS] = count

    def elsewhere(self, number: int) -> int:
        """Return the number of clients of all other workers."""
        return sum(self._cells[::_CELLS]) - self.clients(number)

    def next_number(self, number: int) -> int:
        """Return a number for a connection that is unique among all workers."""
        cell = (number - 1) * _CELLS + 1
        count = self._cells[cell]
        self._cells[cell] = count + 1
        return count * self.workers + number


class Place:
    """One worker's place.

    Arguments:
        number: the worker's number, from 1.
        board: the shared memory.
        parent: a descriptor that is readable when the process that started the workers has ended.
        mask: the signals to block once it serves; until then, all signals that it will handle
            are blocked.
    """

    def __init__(self, number: int, board: Board, parent: int, mask: Iterable[int]) -> None:
        self.number = number
        self._board = board
        self._parent = parent
        self._mask = list(mask)

    def attend(self, loop: Loop) -> None:
        """Unblock signals, and watch for the end of the parent process. Idempotent.

        The loop raises Terminated when the parent has ended, for any reason.
        """
        loop.watch_reader(self._parent, _orphaned)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)

    def has(self, clients: int) -> None:
        """Record how many clients this worker has."""
        self._board.set_clients(self.number, clients)

    @property
    def elsewhere(self) -> int:
        """The number of clients of all other workers."""
        return self._board.elsewhere(self.number)

    def numbers(self) -> Iterator[int]:
        """Yield the numbers of this worker's connections; its predecessor's are not reused."""
        while True:
            yield self._board.next_number(self.number)


def lifeline() -> tuple[int, int]:
    """Return a pipe's ends: the first is readable once all processes have closed the second."""
    return os.pipe()


def _orphaned() -> None:
    raise Terminated(signal.SIGTERM)
