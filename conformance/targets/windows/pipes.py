r"""Windows named pipes, each as one end of a socketpair, for code that waits for sockets.

Two threads carry the bytes of a connection. The end of the pipe is FIN on the socket; a pipe
cannot be half-closed, so FIN from this side does nothing until the socket is closed. This module
uses only the standard library, because the reference server in Python uses it too. Only on
Windows.
"""

import _winapi
import contextlib
import queue
import socket
import sys
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing typing would slow down a server's start
    from collections.abc import Callable

assert sys.platform == "win32"

#: The most bytes of one read, and the buffer size of a pipe.
READ = 64 * 1024

#: The number of instances that wait for clients.
BACKLOG = 8

# winerror.h, and CreateNamedPipeW's dwPipeMode.
_BUSY, _NO_DATA, _CLOSED = 231, 232, 232
_REJECT_REMOTE_CLIENTS = 8
_UNLIMITED = 255

#: Milliseconds of one wait for a free instance.
_WAIT_MS = 50


def dial(name: str, timeout: float) -> socket.socket:
    """Connect to a pipe; wait while all its instances are in use.

    Arguments:
        timeout: seconds.
    Raises OSError.
    """
    until = time.monotonic() + timeout
    while True:
        try:
            handle = _winapi.CreateFile(
                name,
                _winapi.GENERIC_READ | _winapi.GENERIC_WRITE,
                *(0, 0, _winapi.OPEN_EXISTING, _winapi.FILE_FLAG_OVERLAPPED, 0),
            )
            return _as_socket(handle)
        except OSError as error:
            if error.winerror != _BUSY or time.monotonic() > until:
                raise
        with contextlib.suppress(OSError):
            _winapi.WaitNamedPipe(name, _WAIT_MS)


class Gate:
    """A listening pipe; each of its clients becomes a socket.

    Arguments:
        name: the pipe's name in the syntax of Windows.
        entered: called in a thread with each client's socket.
    Raises OSError if it is not possible to listen.
    """

    def __init__(self, name: str, entered: "Callable[[socket.socket], None]") -> None:
        self._name = name
        self._entered = entered
        self._closed = False
        instances = [self._instance(_winapi.FILE_FLAG_FIRST_PIPE_INSTANCE)]
        instances += [self._instance() for _ in range(BACKLOG - 1)]
        for instance in instances:
            threading.Thread(target=self._serve, args=(instance,), daemon=True).start()

    def close(self) -> None:
        """Accept no more clients; the process ends soon, which closes its handles."""
        self._closed = True

    def _instance(self, first: int = 0) -> int:
        return _winapi.CreateNamedPipe(
            self._name,
            _winapi.PIPE_ACCESS_DUPLEX | _winapi.FILE_FLAG_OVERLAPPED | first,
            _REJECT_REMOTE_CLIENTS,
            *(_UNLIMITED, READ, READ, 0, 0),
        )

    def _serve(self, handle: int) -> None:
        while not self._closed:
            try:
                waiting = _winapi.ConnectNamedPipe(handle, overlapped=True)
                waiting.GetOverlappedResult(True)
            except OSError as error:
                if error.winerror != _NO_DATA:  # already disconnected: its bytes can be read
                    raise
            self._entered(_as_socket(handle))
            handle = self._instance()


def _as_socket(handle: int) -> socket.socket:
    """Return a socket for the pipe; the pipe is closed when both directions have ended."""
    outer, inner = socket.socketpair()
    _Carrier(handle, inner).start()
    return outer


class _Carrier:
    """Threads that carry bytes between a pipe and a socket until one of them ends."""

    def __init__(self, handle: int, sock: socket.socket) -> None:
        self._handle = handle
        self._sock = sock
        self._reading: _winapi.Overlapped | None = None
        self._lock = threading.Lock()
        self._over = False
        self._done: queue.SimpleQueue[str] = queue.SimpleQueue()

    def start(self) -> None:
        """Start the threads, which end with the connection."""
        for way in (self._inwards, self._outwards, self._tidy):
            threading.Thread(target=way, daemon=True).start()

    def _inwards(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                with self._lock:
                    if self._over:
                        break
                    reading, _ = _winapi.ReadFile(self._handle, READ, overlapped=True)
                    self._reading = reading
                reading.GetOverlappedResult(True)
                self._sock.sendall(reading.getbuffer() or b"")
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)
        self._done.put("in")

    def _outwards(self) -> None:
        with contextlib.suppress(OSError):
            while data := self._sock.recv(READ):
                writing, _ = _winapi.WriteFile(self._handle, data, overlapped=True)
                writing.GetOverlappedResult(True)
        self._done.put("out")

    def _tidy(self) -> None:
        # A half-close alone changes nothing on a pipe. But a socket cannot tell a half-close from
        # a close, and a client that has closed reads nothing more: so the pipe is closed after the
        # last bytes were sent.
        first = self._done.get()
        if first == "out":
            with self._lock:
                self._over = True
                if self._reading is not None:
                    self._reading.cancel()
        else:
            self._sock.close()
        self._done.get()
        _winapi.CloseHandle(self._handle)
        self._sock.close()
