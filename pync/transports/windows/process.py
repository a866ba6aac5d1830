"""A child process on Windows: pumps for its pipes, and a job that ends its children too.

A command line is passed on as it was typed, because each Windows program parses it itself. For
Windows only: other systems cannot import it.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys

from ...core.errors import ExecError, cause_of
from ...core.typed import TYPE_CHECKING
from ..child import GRACE, Process, environment_with
from ..pump import READ, Inlet, Outlet
from .api import function

if TYPE_CHECKING:
    from typing import IO

assert sys.platform == "win32"

#: Start suspended, so that the child is in its job before it can start children.
_CREATE_SUSPENDED = 4

#: SetInformationJobObject: JobObjectExtendedLimitInformation, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE.
_EXTENDED_LIMITS = 9
_KILL_ON_CLOSE = 0x2000

#: The exit status of a child that we had to end: a shell's status for SIGTERM.
_ENDED_BY_US = 143


def refuse_batch(command: str) -> None:
    """Refuse a batch file, unless by --sh-exec: Windows always runs it with cmd.exe.

    Raises ExecError.
    """
    quoted = command.startswith('"')
    program = command[1:].partition('"')[0] if quoted else command.partition(" ")[0]
    found = shutil.which(program) or program
    if found.lower().endswith((".bat", ".cmd")):
        raise ExecError("exec", program, "it is a batch file, for a shell: use --sh-exec")


class WindowsProcess(Process):
    """A running child.

    Arguments:
        command: its command line.
        environment: variables added to ours.
    Raises ExecError.
    """

    def __init__(self, command: str, environment: dict[str, str]) -> None:
        try:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=environment_with(environment),
                bufsize=0,
                creationflags=_CREATE_SUSPENDED,
            )
        except OSError as error:
            raise ExecError("exec", command, cause_of(error)) from None
        except ValueError as error:
            # A NUL in the command line.
            raise ExecError("exec", repr(command), str(error)) from None
        self._job = _Job()
        self._job.take_in(self._child)
        stdin, stdout = self._child.stdin, self._child.stdout
        assert stdin is not None
        assert stdout is not None
        # Each pump closes its pipe itself, as closing would wait for the current read.
        self._inlet = Inlet(lambda: os.read(stdout.fileno(), READ), stdout.close)
        self._outlet = Outlet(lambda data: _write_all(stdin, data), stdin.close, stays=False)
        for pump in (self._inlet, self._outlet):
            pump.sock.setblocking(False)

    def read_fds(self) -> tuple[int, ...]:
        """Return the descriptor to wait on before recv."""
        number = self._inlet.sock.fileno()
        return () if number < 0 else (number,)

    def write_fd(self) -> int:
        """Return the descriptor to wait on before send; -1 when its stdin has been closed."""
        return self._outlet.sock.fileno()

    def recv(self, size: int) -> bytes:
        """Return bytes that the child wrote; ``b""`` at EOF. Raises OSError."""
        data = b"" if self._inlet.sock.fileno() < 0 else self._inlet.recv(size)
        return data or self._output_ended()

    def send(self, data: bytes | memoryview) -> int:
        """Write to the child's stdin; drop the data if the child has closed it."""
        if self._outlet.sock.fileno() < 0:
            return len(data)
        try:
            return self._outlet.send(data)
        except BlockingIOError:
            raise
        except OSError:
            return len(data)

    def send_eof(self) -> None:
        """Close its stdin; idempotent."""
        self._outlet.close()

    def refuse(self) -> None:
        """Close its stdout."""
        self._inlet.close()

    def close(self) -> None:
        """Close its stdin and stdout; idempotent."""
        self._outlet.close()
        self._inlet.close()

    def wait(self) -> int:
        """Wait for its end, and force it after a time; return the exit status."""
        if not self.ends_within(GRACE):
            self.terminate()
        status = self._child.wait()
        self._job.close()
        return status

    def terminate(self) -> None:
        """Kill it and its children; idempotent. (Windows has no signal to ask it to end.)"""
        self._job.end(_ENDED_BY_US)

    def kill(self) -> None:
        """Do the same as terminate()."""
        self.terminate()


def _write_all(stdin: IO[bytes], data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(stdin.fileno(), view) :]


class _Job:
    """A job object: its processes end when its last handle is closed, also by our own exit."""

    def __init__(self) -> None:
        create = function(
            "kernel32",
            "CreateJobObjectW",
            ctypes.c_void_p,
            ctypes.c_wchar_p,
            result=ctypes.c_void_p,
        )
        self._handle: int | None = create(None, None)
        limits = _ExtendedLimits()
        limits.basic.flags = _KILL_ON_CLOSE
        function(
            "kernel32",
            "SetInformationJobObject",
            ctypes.c_void_p,
            ctypes.c_int,
            ctypes.c_void_p,
            ctypes.c_uint32,
        )(self._handle, _EXTENDED_LIMITS, ctypes.byref(limits), ctypes.sizeof(limits))

    def take_in(self, child: subprocess.Popen[bytes]) -> None:
        """Add a suspended child to the job, and resume it."""
        handle = int(child._handle)  # type: ignore[attr-defined]  # no other way to it
        assign = function("kernel32", "AssignProcessToJobObject", ctypes.c_void_p, ctypes.c_void_p)
        assign(self._handle, handle)
        # The handle of its thread is closed already, so resume the whole process (ntdll).
        function("ntdll", "NtResumeProcess", ctypes.c_void_p)(handle)

    def end(self, status: int) -> None:
        """End all processes in the job."""
        function("kernel32", "TerminateJobObject", ctypes.c_void_p, ctypes.c_uint32)(
            self._handle, status
        )

    def close(self) -> None:
        """End the processes left in the job; idempotent."""
        if self._handle is not None:
            function("kernel32", "CloseHandle", ctypes.c_void_p)(self._handle)
            self._handle = None


class _BasicLimits(ctypes.Structure):
    """JOBOBJECT_BASIC_LIMIT_INFORMATION (winnt.h)."""

    _fields_ = [
        ("process_time", ctypes.c_int64),
        ("job_time", ctypes.c_int64),
        ("flags", ctypes.c_uint32),
        ("least_working_set", ctypes.c_size_t),
        ("most_working_set", ctypes.c_size_t),
        ("active_processes", ctypes.c_uint32),
        ("affinity", ctypes.c_size_t),
        ("priority", ctypes.c_uint32),
        ("scheduling", ctypes.c_uint32),
    ]


class _ExtendedLimits(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION (winnt.h)."""

    _fields_ = [
        ("basic", _BasicLimits),
        ("io", ctypes.c_uint64 * 6),
        ("memory", ctypes.c_size_t * 4),
    ]
