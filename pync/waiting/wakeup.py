"""The wake-up pipe: a signal makes it readable, so that a wait that is about to start ends.

Python runs a signal's handler between two bytecode instructions. A signal that arrives after the
last of them and before poll(2) sleeps would be handled with the next event, which may never come.
So every wait watches this pipe too (signal.set_wakeup_fd).

While a loop runs, the exception of a handler is deferred: the loop raises it when it drains the
pipe, between two callbacks. Otherwise it would be raised in the middle of a callback.
"""

from __future__ import annotations

import os
import sys

from ..core.typed import TYPE_CHECKING
from .signalling import signal

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

#: The two ends of the pipe; None and -1 while it is not installed.
_read_end: int | None = None
_write_end = -1

#: Whether a loop that drains the pipe is running, and the exception that it, or the next wait, has
#: to raise.
_running = False
_deferred: BaseException | None = None


def installed() -> AbstractContextManager[None]:
    """Let signals write to the pipe. Do nothing outside the main thread, and on Windows."""
    return _Installed()


class _Installed:
    # (A class, here and in engine/signals.py, because contextlib is a fortieth of a start.)
    def __enter__(self) -> None:
        global _read_end, _write_end
        self._descriptors: tuple[int, ...] = ()
        if sys.platform == "win32" or _read_end is not None:
            return  # (on Windows, select(2) does not accept pipes, and waits are short)
        read_end, write_end = os.pipe()
        os.set_blocking(read_end, False)
        os.set_blocking(write_end, False)
        try:
            self._before = signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        except ValueError:
            os.close(read_end)
            os.close(write_end)
            return
        self._descriptors = _read_end, _write_end = read_end, write_end

    def __exit__(self, *_error: object) -> None:
        global _read_end, _deferred
        if self._descriptors:
            signal.set_wakeup_fd(self._before)
            _read_end = _deferred = None
        for descriptor in self._descriptors:
            os.close(descriptor)


def renew() -> None:
    """Make a new pipe after fork(2): the old one is the parent's, and no loop runs here yet."""
    global _running, _deferred
    _running, _deferred = False, None
    if _read_end is None:
        return
    for new, old in zip(os.pipe(), (_read_end, _write_end), strict=True):
        os.dup2(new, old, inheritable=False)
        os.set_blocking(old, False)
        os.close(new)


def wakeup_fd() -> int | None:
    """Return the descriptor that a signal makes readable; None if there is none for this thread."""
    if _read_end is None:
        return None
    try:
        # This changes nothing, but raises ValueError outside the main thread.
        signal.set_wakeup_fd(_write_end, warn_on_full_buffer=False)
    except ValueError:
        return None
    return _read_end


def drain() -> None:
    """Drain the pipe, then raise the deferred exception, if any."""
    if _read_end is not None:
        try:
            os.read(_read_end, 4096)
        except BlockingIOError:
            pass  # another wait has drained it
    raise_deferred()


def set_running(runs: bool) -> bool:
    """Set whether a loop that drains the pipe is running; return the value before."""
    global _running
    before, _running = _running, runs
    return before


def defer(error: BaseException) -> bool:
    """Let the running loop raise an exception; return False without a loop: the caller raises."""
    global _deferred
    if not _running:
        return False
    _deferred = error
    try:
        # The byte of the signal itself may have been drained before its handler ran.
        os.write(_write_end, b"\0")
    except BlockingIOError:
        pass  # the pipe is full, thus readable
    return True


def remember(error: BaseException) -> None:
    """Let the next wait raise an exception that its handler raises now, in case that one is lost.

    Python discards what is raised in a destructor or in the callback of a weak reference. importlib
    has such callbacks, so a signal during an import could be lost.
    """
    global _deferred
    _deferred = error


def forget() -> None:
    """Drop the deferred exception, if any: its signal has ended the program by now."""
    global _deferred
    _deferred = None


def raise_deferred() -> None:
    """Raise the deferred exception, if any, unless it is being handled already."""
    global _deferred
    if _deferred is not None:
        error, _deferred = _deferred, None
        if not came_of(sys.exc_info()[1], error):
            raise error


def came_of(error: BaseException | None, origin: BaseException) -> bool:
    """Return whether the error is ``origin``, or was raised while ``origin`` was being handled."""
    while error is not None and error is not origin:
        error = error.__context__
    return error is origin
