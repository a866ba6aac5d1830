"""A server on Windows and all that it starts, in one job object: ended together.

When the job's last handle is closed, also by our death, all in it die. The server begins
asleep, so that it is in the job before it can start anything. Only on Windows; ctypes.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

assert sys.platform == "win32"

#: CreateProcess: begin asleep.
_CREATE_SUSPENDED = 4

#: SetInformationJobObject: JobObjectExtendedLimitInformation, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE.
_EXTENDED_LIMITS = 9
_KILL_ON_CLOSE = 0x2000

#: JOBOBJECT_EXTENDED_LIMIT_INFORMATION (winnt.h) in 64 bits: its size, and where its flags are.
_LIMITS_SIZE = 144
_FLAGS_AT = 16

#: The exit status of what had to be ended, as a shell counts a death by SIGKILL.
_KILLED = 137


class Job:
    """A job object that ends with us."""

    def __init__(self) -> None:
        self._handle: int | None = _call(
            "kernel32", "CreateJobObjectW", ctypes.c_void_p, None, None
        )
        limits = bytearray(_LIMITS_SIZE)
        limits[_FLAGS_AT : _FLAGS_AT + 4] = _KILL_ON_CLOSE.to_bytes(4, "little")
        given = (ctypes.c_char * _LIMITS_SIZE).from_buffer(limits)
        _call(
            "kernel32",
            "SetInformationJobObject",
            ctypes.c_int,
            self._handle,
            ctypes.c_int(_EXTENDED_LIMITS),
            ctypes.addressof(given),
            ctypes.c_uint32(_LIMITS_SIZE),
        )

    def start(self, argv: Sequence[str], **how: Any) -> subprocess.Popen[bytes]:
        """Start a program in it. Raises OSError."""
        started: subprocess.Popen[bytes] = subprocess.Popen(
            argv, creationflags=_CREATE_SUSPENDED, **how
        )
        handle = int(started._handle)  # type: ignore[attr-defined]  # there is no other way to it
        _call("kernel32", "AssignProcessToJobObject", ctypes.c_int, self._handle, handle)
        # The handle of its thread is closed already: the whole process is woken (ntdll).
        _call("ntdll", "NtResumeProcess", ctypes.c_int, handle)
        return started

    def end(self) -> None:
        """End all that are in it."""
        if self._handle is not None:
            _call(
                "kernel32",
                "TerminateJobObject",
                ctypes.c_int,
                self._handle,
                ctypes.c_uint32(_KILLED),
            )

    def close(self) -> None:
        """End what is left in it; idempotent."""
        if self._handle is not None:
            _call("kernel32", "CloseHandle", ctypes.c_int, self._handle)
            self._handle = None


def _call(library: str, name: str, result: Any, *arguments: Any) -> Any:
    function = getattr(ctypes.WinDLL(library), name)
    function.restype = result
    # A bare int would be cut to 32 bits, and a handle may have more.
    return function(*(ctypes.c_void_p(one) if type(one) is int else one for one in arguments))
