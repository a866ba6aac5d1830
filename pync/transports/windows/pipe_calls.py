"""Windows' functions for named pipes (CreateNamedPipeW and others), by overlapped calls.

A handle cannot be selected, so these calls wait; pipe_conn.py and pipe_listener.py make them in
threads. This module has only handles and Windows' error numbers, not addresses or connections.
For Windows only: other systems cannot import it.
"""

from __future__ import annotations

import _winapi
import errno
import os
import sys
import threading

from ...core.deadline import Deadline

assert sys.platform == "win32"

#: The capacity of one direction of a pipe in bytes, and the bytes of one read.
DEPTH = 64 * 1024
READ = 64 * 1024

#: Bytes of one message at most; a longer one comes in pieces of this size.
LONGEST_MESSAGE = 1024 * 1024

#: Milliseconds between two checks of whether a wait should end.
CHECK_INTERVAL = 100

# winerror.h.
ERROR_FILE_NOT_FOUND = 2
ERROR_ACCESS_DENIED = 5
ERROR_INVALID_PARAMETER = 87
ERROR_BROKEN_PIPE = 109
ERROR_SEM_TIMEOUT = 121
ERROR_PIPE_BUSY = 231
ERROR_NO_DATA = 232
ERROR_PIPE_NOT_CONNECTED = 233
ERROR_MORE_DATA = 234
ERROR_OPERATION_ABORTED = 995

#: The errors of a read when the other side is gone. Windows has only these for a peer that closed,
#: one that was killed and a server that disconnected: all of them count as EOF.
_ENDS = frozenset({ERROR_BROKEN_PIPE, ERROR_NO_DATA, ERROR_PIPE_NOT_CONNECTED})

# CreateNamedPipeW, dwPipeMode and dwOpenMode; CreateFileW, dwFlagsAndAttributes.
_PIPE_TYPE_BYTE = 0
_PIPE_TYPE_MESSAGE = 4
_PIPE_READMODE_MESSAGE = 2
_PIPE_REJECT_REMOTE_CLIENTS = 8
_PIPE_UNLIMITED_INSTANCES = 255
_SECURITY_SQOS_PRESENT = 0x100000
_SECURITY_IDENTIFICATION = 0x10000


def create(
    name: str, *, first: bool, messages: bool = False, remote: bool = False, security: int = 0
) -> int:
    r"""Create an instance of a named pipe, which waits for a client; return its handle.

    Arguments:
        name: Windows' name, ``\\.\pipe\NAME``.
        first: refuse if the pipe exists: its other server would get half of the clients.
        messages: a pipe of messages, not of bytes.
        remote: accept clients of other machines.
        security: the address of a SECURITY_ATTRIBUTES; 0 is the system's default.
    Raises OSError: ERROR_ACCESS_DENIED when it exists and must be the first.
    """
    opening = _winapi.PIPE_ACCESS_DUPLEX | _winapi.FILE_FLAG_OVERLAPPED
    if first:
        opening |= _winapi.FILE_FLAG_FIRST_PIPE_INSTANCE
    mode = _PIPE_TYPE_MESSAGE | _PIPE_READMODE_MESSAGE if messages else _PIPE_TYPE_BYTE
    if not remote:
        mode |= _PIPE_REJECT_REMOTE_CLIENTS
    return _winapi.CreateNamedPipe(
        name, opening, mode, _PIPE_UNLIMITED_INSTANCES, DEPTH, DEPTH, 0, security
    )


def connect(name: str, *, messages: bool, deadline: Deadline) -> int:
    """Connect to a named pipe; wait while all its instances are in use; return a handle.

    The server may identify us, but not act in our name (SECURITY_IDENTIFICATION).

    Raises OSError: ERROR_FILE_NOT_FOUND, ERROR_PIPE_BUSY when the time is over,
    ERROR_INVALID_PARAMETER for messages from a pipe of bytes.
    """
    flags = _winapi.FILE_FLAG_OVERLAPPED | _SECURITY_SQOS_PRESENT | _SECURITY_IDENTIFICATION
    access = _winapi.GENERIC_READ | _winapi.GENERIC_WRITE
    while True:
        try:
            handle = _winapi.CreateFile(name, access, 0, 0, _winapi.OPEN_EXISTING, flags, 0)
            break
        except OSError as error:
            if error.winerror != ERROR_PIPE_BUSY or deadline.passed:
                raise
        _await_instance(name, deadline)
    if messages:
        try:
            _winapi.SetNamedPipeHandleState(handle, _PIPE_READMODE_MESSAGE, None, None)
        except OSError:
            _winapi.CloseHandle(handle)
            raise
    return handle


def _await_instance(name: str, deadline: Deadline) -> None:
    """Wait shortly for a free instance: ^C is handled only between two waits."""
    left = deadline.remaining
    moment = CHECK_INTERVAL if left is None else max(1, min(CHECK_INTERVAL, int(left * 1000)))
    try:
        _winapi.WaitNamedPipe(name, moment)
    except OSError as error:
        # The pipe may disappear during the wait, and come again: the next connect finds out.
        if error.winerror not in (ERROR_SEM_TIMEOUT, ERROR_FILE_NOT_FOUND):
            raise


def discard(handle: int) -> None:
    """Close the handle of a pipe that was not used."""
    _winapi.CloseHandle(handle)


class Instance:
    """A pipe that waits for its client.

    Arguments:
        handle: from create(); owned by this object until a client has come.
    """

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._lock = threading.Lock()
        self._closed = False
        self._waiting: _winapi.Overlapped | None = None

    def accept(self) -> int | None:
        """Wait for a client; return the handle, or None after close(). Raises OSError."""
        try:
            with self._lock:
                if self._closed:
                    discard(self._handle)
                    return None
                self._waiting = _winapi.ConnectNamedPipe(self._handle, overlapped=True)
            _, error = self._waiting.GetOverlappedResult(True)
        except OSError as failure:
            # The client has come and closed already; its data can still be read.
            if failure.winerror == ERROR_NO_DATA and not self._closed:
                return self._handle
            discard(self._handle)
            if self._closed:
                return None
            raise
        with self._lock:
            if not (error or self._closed):
                return self._handle
        discard(self._handle)
        return None

    def discard(self) -> None:
        """Close the handle, if accept() was not called."""
        discard(self._handle)

    def close(self) -> None:
        """End the wait for a client; idempotent."""
        with self._lock:
            self._closed = True
            if self._waiting is not None:
                self._waiting.cancel()


class Pipe:
    """One end of a connected pipe: a thread reads it, another writes it.

    Arguments:
        handle: owned by this object.
        messages: whether each read is one message, and an empty one means EOF.
    """

    def __init__(self, handle: int, *, messages: bool) -> None:
        self.handle = handle
        self.messages = messages
        self._lock = threading.Lock()
        self._users = 2
        self._reading: _winapi.Overlapped | None = None
        self._called_off = False
        self._leaving = Deadline(None)

    def read(self) -> bytes:
        """Return bytes, in message mode one message; ``b""`` is the end. Raises OSError."""
        pieces = []
        size = 0
        while True:
            data, more = self._read_piece()
            pieces.append(data)
            size += len(data)
            if not more or size >= LONGEST_MESSAGE:
                return b"".join(pieces)

    def _read_piece(self) -> tuple[bytes, bool]:
        try:
            with self._lock:
                if self._called_off:
                    return b"", False
                reading, error = _winapi.ReadFile(self.handle, READ, overlapped=True)
                self._reading = reading
            _, error = reading.GetOverlappedResult(True)
        except OSError as failure:
            if failure.winerror in _ENDS or self._called_off:
                return b"", False
            raise
        return reading.getbuffer() or b"", error == ERROR_MORE_DATA

    def write(self, data: bytes) -> None:
        """Write all the data, in message mode as one message. Raises OSError."""
        writing, _ = _winapi.WriteFile(self.handle, data, overlapped=True)
        while _winapi.WaitForSingleObject(writing.event, CHECK_INTERVAL) == _winapi.WAIT_TIMEOUT:
            if self._leaving.passed:
                writing.cancel()
                break
        # Also after cancel(): until the write has ended, the system uses the memory of `writing`.
        _, error = writing.GetOverlappedResult(True)
        if error == ERROR_OPERATION_ABORTED:
            raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))

    def stop_reading(self) -> None:
        """Cancel the read that waits, and all later ones; idempotent."""
        with self._lock:
            self._called_off = True
            if self._reading is not None:
                self._reading.cancel()

    def leave_within(self, seconds: float) -> None:
        """Limit the time that writes may wait for the other side from now on."""
        self._leaving = Deadline(seconds)

    def let_go(self) -> None:
        """Record that reading, or writing, is over; after both calls the handle is closed.

        The other side can still read the bytes written before.
        """
        with self._lock:
            self._users -= 1
            if self._users:
                return
        _winapi.CloseHandle(self.handle)
