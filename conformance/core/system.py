"""Tell the errors of this system from faults of the server.

When this system has run out of processes, descriptors or ports, the error says nothing about the
server. So it never becomes a verdict: the suite raises SuiteFailed. Before that, it tries again to
start a process.
"""

from __future__ import annotations

import errno
import sys
import time
from collections.abc import Callable
from typing import TypeVar

from .verdict import SuiteFailed, Unreachable, cause_of

Result = TypeVar("Result")

#: Seconds between the attempts to start a process.
PAUSES = (0.1, 0.5, 2.0)

#: What a system is short of, whatever the operation.
_SHORT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})

#: fork(2): the limit of processes; a terminal: the limit of pseudo-terminals (ENOSPC).
_NO_PROCESS = _SHORT | {errno.EAGAIN, errno.ENOSPC}
if sys.platform == "win32":
    # Python reports the errors of Windows that have no name in C as EINVAL; no wrong command
    # causes one of them.
    _NO_PROCESS |= {errno.EINVAL}


def start_process(begin: Callable[[], Result], program: str) -> Result:
    """Start a process with ``begin``, and return what it returns.

    Raises Unreachable for a command that cannot be started, and SuiteFailed if this system cannot
    start a process now.
    """
    pauses = iter(PAUSES)
    while True:
        try:
            return begin()
        except OSError as error:
            what = f"cannot start {program!r}"
            if error.errno not in _NO_PROCESS:
                raise Unreachable(f"{what}: {_detailed(error)}") from None
            pause = next(pauses, None)
            if pause is None:
                raise _failed(what, error) from None
        time.sleep(pause)


def check_could_connect(error: OSError, what: str) -> None:
    """Raise SuiteFailed if this system was the reason that a client could not connect or send.

    EADDRNOTAVAIL means that no port is left on this side. A Unix socket's EAGAIN is not in the
    list: it is the server's full backlog.

    Arguments:
        what: the operation and the address, for the message.
    """
    if error.errno == errno.EADDRNOTAVAIL:
        raise _failed(what, error) from None
    check_not_short(error, what)


def check_not_short(error: OSError, what: str) -> None:
    """Raise SuiteFailed if this system was short of descriptors or memory; see above."""
    if error.errno in _SHORT:
        raise _failed(what, error) from None


def _failed(what: str, error: OSError) -> SuiteFailed:
    return SuiteFailed(f"{what}: {_detailed(error)} (this system's error, not the server's)")


def _detailed(error: OSError) -> str:
    number = getattr(error, "winerror", None)
    return f"{cause_of(error)} [WinError {number}]" if number else cause_of(error)
