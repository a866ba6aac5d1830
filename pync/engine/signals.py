"""The signals that end the command, as an exception in its main thread.

Python runs a signal's handler between any two bytecode instructions. An exception raised there
may leave objects half changed, and the cleanup may fail because of that. So while a loop runs, the
exception is raised between two callbacks (waiting/wakeup.py). Elsewhere it is raised at once: a
blocking wait for a name or an answer has no better moment.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..core.errors import Terminated
from ..core.typed import TYPE_CHECKING
from ..waiting import wakeup

if TYPE_CHECKING:
    from typing import Any

    from .loop import Loop

    _Handlers = dict[int, Any]

#: Signals that end the program cleanly: it removes its paths, then exits.
ENDING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")

#: Seconds that a callback has to return: it may be blocked in a write to a pipe that is not read.
CALLBACK_TIMEOUT = 0.5


@contextmanager
def ending() -> Iterator[None]:
    """Raise Terminated, or KeyboardInterrupt for ^C, when one of these signals arrives.

    In a thread other than the main one it does nothing: the embedding program handles signals.
    """
    asked: BaseException | None = None

    def end(number: int, _frame: object) -> None:
        nonlocal asked
        # A terminal that closes sends SIGHUP twice, and people press ^C twice: the second
        # signal must not interrupt the cleanup.
        if asked is not None:
            return
        asked = KeyboardInterrupt() if number == signal.SIGINT else Terminated(number)
        if not wakeup.defer(asked):
            wakeup.remember(asked)
            raise asked
        if hasattr(signal, "setitimer"):
            # Not earlier: an alarm may be from the program that started us ("alarm 5; exec pync").
            before[signal.SIGALRM] = signal.signal(signal.SIGALRM, _run_out)
            signal.setitimer(signal.ITIMER_REAL, CALLBACK_TIMEOUT)

    before: _Handlers = {}
    try:
        _catch(before, end)
        yield
    except Exception as error:
        if asked is None or not wakeup.came_of(error, asked):
            raise
        # The cleanup failed because the signal left something half changed. The process ends
        # anyway, which cleans up.
        raise asked from None
    finally:
        _restore(before)
        if before:
            wakeup.forget()


@contextmanager
def heard(loop: Loop, callbacks: dict[str, Callable[[], None]]) -> Iterator[None]:
    """Call back in a running loop when one of these signals arrives.

    Signals that the system does not have, or that are ignored (nohup), are not touched; in a
    thread other than the main one, none are.

    Arguments:
        loop: calls the callback, between two others.
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
    # (call_in_turn() only appends, which is atomic. Adding a timer is not: the signal may arrive
    # while another timer is being added.)
    return lambda _number, _frame: loop.call_in_turn(callback)


def _catch(before: _Handlers, end: Any) -> None:
    try:
        for name in ENDING:
            number = getattr(signal, name, None)
            # nohup and similar commands ignore the signal: it stays ignored.
            if number is not None and signal.getsignal(number) != signal.SIG_IGN:
                before[number] = signal.signal(number, end)
    except ValueError:
        pass  # not the main thread


def _run_out(_number: int, _frame: object) -> None:
    wakeup.raise_deferred()


def _restore(handlers: _Handlers) -> None:
    """Restore handlers; they receive the signals that arrive in the meantime.

    Signals are blocked until then: Python warns of a signal whose handler was removed before it
    could run.
    """
    if hasattr(signal, "setitimer") and signal.SIGALRM in handlers:
        signal.setitimer(signal.ITIMER_REAL, 0)
    masks = hasattr(signal, "pthread_sigmask")
    before = signal.pthread_sigmask(signal.SIG_BLOCK, handlers) if masks else set()
    for number, handler in handlers.items():
        signal.signal(number, handler)
    if masks:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
