"""The bell that a signal rings, so that a wait which is just beginning ends for it.

Python runs a signal's handler between two steps of its own. A signal that comes after the last
of these and before poll(2) sleeps would be heard with the next event, which may never come. So
every wait is for the bell too (signal.set_wakeup_fd).
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


@contextmanager
def hung_up() -> Iterator[None]:
    """Ring for signals from now on; only the main thread can ask for that, others need not."""
    global _bell, _rope
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
        _bell = None
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
    """It has been heard."""
    if _bell is not None:
        try:
            os.read(_bell, 4096)
        except BlockingIOError:
            pass  # another wait has heard it
