"""What workers know about each other, and about the process that started them."""

from __future__ import annotations

import os
import signal
import sys
import threading
from itertools import islice

import pytest

from pync.core.errors import Terminated
from pync.engine.loop import Loop
from pync.programs.shared.place import Board, Place, lifeline

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="not on Windows")


def test_connection_numbers_are_unique() -> None:
    board = Board(3)
    numbers = [list(islice(Place(one, board, -1, ()).numbers(), 4)) for one in (1, 2, 3)]
    assert numbers == [[1, 4, 7, 10], [2, 5, 8, 11], [3, 6, 9, 12]]
    # A worker that replaces another one does not reuse its numbers.
    assert next(Place(2, board, -1, ()).numbers()) == 14


def test_clients_of_other_workers() -> None:
    board = Board(3)
    places = [Place(one, board, -1, ()) for one in (1, 2, 3)]
    for clients, place in enumerate(places):
        place.has(10 + clients)
    assert [place.elsewhere for place in places] == [11 + 12, 10 + 12, 10 + 11]
    assert [board.clients(place.number) for place in places] == [10, 11, 12]


def test_board_is_shared_with_a_child_process() -> None:
    board = Board(2)
    pid = os.fork()
    if not pid:
        board.set_clients(2, 7)
        os._exit(0)
    os.waitpid(pid, 0)
    assert board.clients(2) == 7


def test_worker_ends_with_its_parent() -> None:
    theirs, ours = lifeline()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    with Loop() as loop:
        Place(1, Board(1), theirs, mask).attend(loop)
        loop.call_later(0.01, lambda: os.close(ours))
        with pytest.raises(Terminated) as ended:
            loop.run_while(lambda: True)
    os.close(theirs)
    assert ended.value.number == signal.SIGTERM


def test_signals_are_unblocked_when_the_worker_serves() -> None:
    came: list[int] = []
    theirs, ours = lifeline()
    before = signal.signal(signal.SIGUSR1, lambda number, _: came.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    try:
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
        with Loop() as loop:
            place = Place(1, Board(1), theirs, mask)
            assert came == []
            place.attend(loop)
            assert came == [signal.SIGUSR1]
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGUSR1, before)
        os.close(theirs)
        os.close(ours)
