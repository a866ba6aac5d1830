"""Functions for one descriptor: what it is, and writing to it. They need no socket object.

stdio.py makes an endpoint of three of them.
"""

from __future__ import annotations

import errno
import os
import sys


def write(descriptor: int, data: bytes | memoryview) -> int:
    """Write what fits. Raises OSError; BrokenPipeError without a reader, on Windows too."""
    try:
        return os.write(descriptor, data)
    except OSError as error:
        # Windows' C library has this error for a pipe without a reader.
        if sys.platform == "win32" and error.errno == errno.EINVAL:
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from None
        raise


def is_terminal(descriptor: int) -> bool:
    """Return whether it is a terminal. (For Windows' C library, NUL is one too.)"""
    if not os.isatty(descriptor):
        return False
    if sys.platform != "win32":
        return True
    from .windows.api import is_console

    console: bool = is_console(descriptor)
    return console


def is_open(descriptor: int) -> bool:
    """Return whether a descriptor is open."""
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True
