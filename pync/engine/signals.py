"""The signals that end the command, as an exception in its main thread.

Python runs a signal's handler between any two bytecode instructions. An exception raised there
may leave objects half changed, and the cleanup may fail because of that. So while a loop runs, the
exception is raised between two callbacks (waiting/wakeup.py). Elsewhere it is raised at once: a
blocking wait for a name or an answer has no better moment.
"""

from __future__ import annotations

from ..core.errors import Terminated
from ..core.typed import TYPE_CHECKING, Callable
from ..waiting import wakeup
from ..waiting.signalling import signal

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from typing import Any

    from .loop import Loop

    _Handlers = dict[int, Any]

#: Signals that end the program cleanly: it removes its paths, then exits.
ENDING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")

#: Seconds that a callback has to return: it may be blocked in a write to a pipe that is not read.
CALLBACK_TIMEOUT = 0.5


def ending() -> AbstractContextManager[None]:
    """Raise Terminated, or KeyboardInterrupt for ^C, when one of these signals arrives.

    In a thread other than the main one it does nothing: the embedding program handles signals.
    """
    return _Ending()


class _Ending:
    def __init__(self) -> None:
        self._asked: BaseException | None = None
        self._before: _Handlers = {}

    def __enter__(self) -> None:
        try:
            _catch(self._before, self._end)
        except BaseException:
            self._restore()
            raise

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        asked = self._asked
        try:
            if asked is not None and isinstance(error, Exception) and wakeup.came_of(error, asked):
                # The cleanup failed because the signal left something half changed. The process
                # ends anyway, which cleans up.
                raise asked from None
        finally:
            self._restore()

    def _end(self, number: int, _frame: object) -> None:
        # A terminal that closes sends SIGHUP twice, and people press ^C twice: the second
        # signal must not interrupt the cleanup.
        if self._asked is not None:
            return
        asked = KeyboardInterrupt() if number == signal.SIGINT else Terminated(number)
        self._asked = asked
        if not wakeup.defer(asked):
            wakeup.remember(asked)
            raise asked
        if hasattr(signal, "setitimer"):
            # Not earlier: an alarm may be from the program that started us ("alarm 5; exec pync").
            self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, _run_out)
            signal.setitimer(signal.ITIMER_REAL, CALLBACK_TIMEOUT)

    def _restore(self) -> None:
        _restore(self._before)
        if self._before:
            wakeup.forget()


def heard(loop: Loop, callbacks: dict[str, Callable[[], None]]) -> AbstractContextManager[None]:
    """Call back in a running loop when one of these signals arrives.

    Signals that the system does not have, or that are ignored (nohup), are not touched; in a
    thread other than the main one, none are.

    Arguments:
        loop: calls the callback, between two others.
        callbacks: by the signal's name.
    """
    return _Heard(loop, callbacks)


class _Heard:
    def __init__(self, loop: Loop, callbacks: dict[str, Callable[[], None]]) -> None:
        self._loop = loop
        self._callbacks = callbacks
        self._before: _Handlers = {}

    def __enter__(self) -> None:
        try:
            for name, callback in self._callbacks.items():
                number = getattr(signal, name, None)
                if number is not None and signal.getsignal(number) != signal.SIG_IGN:
                    calling = _calling(self._loop, callback)
                    self._before[number] = signal.signal(number, calling)
        except ValueError:
            pass  # not the main thread

    def __exit__(self, *_error: object) -> None:
        _restore(self._before)


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
