"""The bell that a signal rings, so that a wait which is just beginning ends for it.

Python runs a signal's handler between two steps of its own. A signal that comes after the last
of these and before poll(2) sleeps would be heard with the next event, which may never come. So
every wait is for the bell too (signal.set_wakeup_fd).

What a handler would raise, wherever the program happens to be, can be owed instead while a loop
attends: it is raised when the loop hears the bell, between two callbacks.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

#: What becomes readable when a signal has come, and what rings it; None while nobody asked.
_bell: int | None = None
_rope = -1

#: Whether a loop is running that hears the bell; and what is to be raised when it does.
_attended = False
_owed: BaseException | None = None


@contextmanager
def hung_up() -> Iterator[None]:
    """Ring for signals from now on; only the main thread can ask for that, others need not."""
    global _bell, _rope, _owed
    if sys.platform == "win32" or _bell is not None:
        yield  # (select(2) takes no pipe there, and waits only for a moment)
        return
    bell, rope = os.pipe()
    os.set_blocking(bell, False)
    os.set_blocking(rope, False)
    try:
        before = signal.set_wakeup_fd(rope, warn_on_full_buffer=False)
    except ValueError:
        os.close(bell)
        os.close(rope)
        yield
        return
    _bell, _rope = bell, rope
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        _bell = _owed = None
        os.close(bell)
        os.close(rope)


def within_earshot() -> int | None:
    """What becomes readable when the bell rings; None where it cannot be heard.

    In other threads than the main one it cannot.
    """
    if _bell is None:
        return None
    try:
        # Nothing changes; but only the main thread may say so.
        signal.set_wakeup_fd(_rope, warn_on_full_buffer=False)
    except ValueError:
        return None
    return _bell


def silence() -> None:
    """It has been heard. Raises what is owed."""
    if _bell is not None:
        try:
            os.read(_bell, 4096)
        except BlockingIOError:
            pass  # another wait has heard it
    raise_owed()


def attend(hears: bool) -> bool:
    """Tell whether a loop runs now that hears the bell; returns what was told before."""
    global _attended
    before, _attended = _attended, hears
    return before


def postpone(error: BaseException) -> bool:
    """Owe an error to the loop; False when none attends, and a handler must raise it itself."""
    global _owed
    if not _attended:
        return False
    _owed = error
    try:
        # What rang for the signal may have been silenced before its handler ran.
        os.write(_rope, b"\0")
    except BlockingIOError:
        pass  # it is ringing, more than full
    return True


def raise_owed() -> None:
    """Raise what is owed, if anything is."""
    global _owed
    if _owed is not None:
        error, _owed = _owed, None
        raise error
