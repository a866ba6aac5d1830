"""The signals that end the command, as an exception in its main thread.

Python runs a signal's handler between any two of its steps. An exception raised there leaves
what was being changed half changed, and cleaning up may fail because of that. So while a loop
runs, it is raised between two callbacks (waiting/wakeup.py). Elsewhere it is raised at once: a
blocking wait for a name or an answer knows no better moment.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..core.errors import Terminated
from ..waiting import wakeup

if TYPE_CHECKING:
    from .loop import Loop

#: Signals that end the program in an orderly way: it removes its paths, then exits.
ENDING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")

#: Seconds that a callback has to return: it may be blocked in a write that nobody reads.
CALLBACK_TIMEOUT = 0.5

_Handlers = dict[int, Any]


@contextmanager
def ending() -> Iterator[None]:
    """Raise Terminated, or KeyboardInterrupt for ^C, when one comes.

    In other threads than the main one, signals are the embedding program's business.
    """
    asked: BaseException | None = None

    def end(number: int, _frame: object) -> None:
        nonlocal asked
        # A terminal that closes hangs up twice, and people press ^C twice: the second
        # must not interrupt the tidying up.
        if asked is not None:
            return
        asked = KeyboardInterrupt() if number == signal.SIGINT else Terminated(number)
        if not wakeup.defer(asked):
            raise asked
        if hasattr(signal, "setitimer"):
            # Not before: an alarm may belong to the program that started us ("alarm 5; exec pync").
            before[signal.SIGALRM] = signal.signal(signal.SIGALRM, _run_out)
            signal.setitimer(signal.ITIMER_REAL, CALLBACK_TIMEOUT)

    before: _Handlers = {}
    try:
        _catch(before, end)
        yield
    except Exception as error:
        if asked is None or not _came_of(error, asked):
            raise
        # What was half changed could not be tidied up; the process ends, and that does it.
        raise asked from None
    finally:
        _restore(before)


@contextmanager
def heard(loop: Loop, callbacks: dict[str, Callable[[], None]]) -> Iterator[None]:
    """Call back in a loop that runs when one of these signals comes.

    Those that this system has not, or that are ignored (nohup), are left alone; and all of them
    in other threads than the main one.

    Arguments:
        loop: calls back, between two other callbacks.
        callbacks: by the signal's name.
    """
    before: _Handlers = {}
    try:
        for name, callback in callbacks.items():
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) != signal.SIG_IGN:
                before[number] = signal.signal(number, _calling(loop, callback))
    except ValueError:
        pass  # not the main thread
    try:
        yield
    finally:
        _restore(before)


def _calling(loop: Loop, callback: Callable[[], None]) -> Callable[[int, object], None]:
    # (Appending is one step. A timer is not: this may come in the middle of another one.)
    return lambda _number, _frame: loop.call_in_turn(callback)


def _catch(before: _Handlers, end: Any) -> None:
    try:
        for name in ENDING:
            number = getattr(signal, name, None)
            # nohup and its kin have the signal ignored: that stays so.
            if number is not None and signal.getsignal(number) != signal.SIG_IGN:
                before[number] = signal.signal(number, end)
    except ValueError:
        pass  # not the main thread


def _run_out(_number: int, _frame: object) -> None:
    wakeup.raise_deferred()


def _came_of(error: BaseException, origin: BaseException) -> bool:
    """Return whether the error came while that other was being dealt with."""
    seen: BaseException | None = error
    while seen is not None and seen is not origin:
        seen = seen.__context__
    return seen is origin


def _restore(handlers: _Handlers) -> None:
    """Put handlers back; what comes meanwhile is for them.

    Blocked, because Python complains of a signal that it caught for a handler that is gone.
    """
    if hasattr(signal, "setitimer") and signal.SIGALRM in handlers:
        signal.setitimer(signal.ITIMER_REAL, 0)
    masks = hasattr(signal, "pthread_sigmask")
    before = signal.pthread_sigmask(signal.SIG_BLOCK, handlers) if masks else set()
    for number, handler in handlers.items():
        signal.signal(number, handler)
    if masks:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
