"""SIGTERM and SIGHUP end a run as ^C does: servers, folders, reports and all.

A CI that cancels sends SIGTERM, to every process of the run or to the first alone; a terminal
that closes sends SIGHUP. Python may raise the interruption between any two steps; those that
belong together (a process is started; its end is promised) are held together by ``held``.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

#: ^C and what is like it, where the system has it; execnet sends its workers SIGINT as well.
_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")

_heard = _holding = _due = False


def end_as_interrupted() -> None:
    """From now on the first of them raises KeyboardInterrupt in the main thread.

    The others are not heard: they would interrupt the tidying up.
    """
    for name in _ENDING:
        number = getattr(signal, name, None)
        # nohup and its kin have the signal ignored: that stays so.
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            with suppress(ValueError):  # in a thread: it is the embedding program's business
                signal.signal(number, _hear)


def _hear(_number: int, _frame: object) -> None:
    global _heard, _due
    if _heard:
        return
    _heard = True
    if _holding:
        _due = True
        return
    raise KeyboardInterrupt


@contextmanager
def held() -> Iterator[Callable[[], None]]:
    """Keep an interruption back to the end, or until what is yielded is called."""
    global _holding
    before, _holding = _holding, True
    try:
        yield _let_it_come
    finally:
        _holding = before
        if not _holding:
            _let_it_come()


def _let_it_come() -> None:
    global _due
    if _due:
        _due = False
        raise KeyboardInterrupt
