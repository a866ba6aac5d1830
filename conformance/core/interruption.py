"""SIGTERM and SIGHUP end a run as ^C does, including its servers, folders and reports.

A CI system that cancels a run sends SIGTERM, to every process of the run or only to the first
one; a terminal that closes sends SIGHUP. Python may raise the interruption between any two steps.
``held`` protects steps that belong together, such as starting a process and making sure that it
will be ended.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

#: The signals that end a run, if the system has them; execnet sends its workers SIGINT as well.
_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")

_heard = _holding = _due = False


def end_as_interrupted() -> None:
    """Make the first of these signals raise KeyboardInterrupt in the main thread.

    Later ones are ignored: they would interrupt the cleanup.
    """
    for name in _ENDING:
        number = getattr(signal, name, None)
        # nohup and similar programs ignore the signal; keep that.
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            with suppress(ValueError):  # not the main thread: the embedding program decides
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
    """Delay an interruption until the block ends, or until the yielded function is called."""
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
