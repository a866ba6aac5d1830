"""A server on Windows and all that it starts, in one job object, so that they end together.

When the job's last handle is closed, also by the end of this process, all processes in the job
are killed. The server is created suspended, so that it is in the job before it can start
anything. Only on Windows; uses ctypes.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

assert sys.platform == "win32"

#: A flag of CreateProcess: the process starts suspended.
_CREATE_SUSPENDED = 4

#: SetInformationJobObject: JobObjectExtendedLimitInformation, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE.
_EXTENDED_LIMITS = 9
_KILL_ON_CLOSE = 0x2000

#: JOBOBJECT_EXTENDED_LIMIT_INFORMATION (winnt.h) in 64 bits: its size, and the offset of its flags.
_LIMITS_SIZE = 144
_FLAGS_AT = 16

#: The exit status of a killed process, like a shell's status for SIGKILL.
_KILLED = 137


class Job:
    """A job object that ends with this process."""

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
        """Start a program in the job. Raises OSError."""
        started: subprocess.Popen[bytes] = subprocess.Popen(
            argv, creationflags=_CREATE_SUSPENDED, **how
        )
        handle = int(started._handle)  # type: ignore[attr-defined]  # there is no other way to it
        _call("kernel32", "AssignProcessToJobObject", ctypes.c_int, self._handle, handle)
        # The handle of its thread is already closed: resume the whole process (ntdll).
        _call("ntdll", "NtResumeProcess", ctypes.c_int, handle)
        return started

    def end(self) -> None:
        """Kill all processes in the job."""
        if self._handle is not None:
            _call(
                "kernel32",
                "TerminateJobObject",
                ctypes.c_int,
                self._handle,
                ctypes.c_uint32(_KILLED),
            )

    def close(self) -> None:
        """Kill the remaining processes in the job; idempotent."""
        if self._handle is not None:
            _call("kernel32", "CloseHandle", ctypes.c_int, self._handle)
            self._handle = None


def _call(library: str, name: str, result: Any, *arguments: Any) -> Any:
    function = getattr(ctypes.WinDLL(library), name)
    function.restype = result
    # ctypes would cut a plain int to 32 bits, but a handle may have more.
    return function(*(ctypes.c_void_p(one) if type(one) is int else one for one in arguments))
