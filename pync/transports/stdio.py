"""Standard input and output as one endpoint.

Descriptors 0-2 are shared with the shell and whatever else runs there, so O_NONBLOCK is
never set on them: a pipe that polls writable takes PIPE_BUF bytes without blocking
(pipe(7)), a socket takes MSG_DONTWAIT, a regular file takes everything.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import stat
import sys
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self

#: Bytes that a pipe which polls writable takes at once (POSIX: at least 512).
_PIPE_BUF = getattr(select, "PIPE_BUF", 512)


class Stdio:
    """What the user types and reads.

    Arguments:
        stdin: descriptor to read from; None is EOF at once.
        stdout: descriptor to write to.
    """

    datagram = False

    def __init__(self, stdin: int | None, stdout: int) -> None:
        self._stdin = stdin
        self._stdout = stdout
        self._ended = stdin is None
        #: Whether a person sits at the other end of stdin.
        self.interactive = stdin is not None and os.isatty(stdin)
        self._pump: socket.socket | None = None
        self._socket = _as_socket(stdout)
        self._takes_all = sys.platform == "win32" or _never_waits(stdout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def read_fds(self) -> tuple[int, ...]:
        """The descriptor to wait on before recv; none when the input has ended."""
        if self._stdin is None or self._ended:
            return ()
        if sys.platform == "win32":
            return (self._pumped(self._stdin).fileno(),)
        return (self._stdin,)

    def write_fd(self) -> int:
        """The descriptor to wait on before send."""
        return self._stdout

    @property
    def size(self) -> int | None:
        """How many bytes standard input still holds, when it is a file; else None."""
        if self._stdin is None or not stat.S_ISREG(os.fstat(self._stdin).st_mode):
            return None
        return max(0, os.fstat(self._stdin).st_size - os.lseek(self._stdin, 0, os.SEEK_CUR))

    def recv(self, size: int) -> bytes:
        """What was typed; ``b""`` at EOF, and ever after. Raises OSError."""
        if self._stdin is None or self._ended:
            # A terminal would go on after ^D; for the next client it has ended.
            return b""
        if self._pump is not None:
            data = self._pump.recv(size)
        else:
            data = os.read(self._stdin, size)
        self._ended = not data
        return data

    def send(self, data: bytes | memoryview) -> int:
        """Write as much as can be written without blocking. Raises OSError."""
        if self._socket is not None:
            return self._socket.send(data, getattr(socket, "MSG_DONTWAIT", 0))
        if self._takes_all:
            return _write(self._stdout, data)
        if not _is_writable(self._stdout):
            raise BlockingIOError
        return os.write(self._stdout, data[:_PIPE_BUF])

    def close(self) -> None:
        """Let go of what is ours; the descriptors stay open. Idempotent."""
        for own in (self._socket, self._pump):
            if own is not None:
                own.close()
        self._socket = self._pump = None

    def _pumped(self, stdin: int) -> socket.socket:
        if self._pump is None:
            from .pump import pump

            self._pump = pump(stdin)
        return self._pump


def _write(descriptor: int, data: bytes | memoryview) -> int:
    try:
        return os.write(descriptor, data)
    except OSError as error:
        # Windows' C library says so of a pipe without a reader.
        if sys.platform == "win32" and error.errno == errno.EINVAL:
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from None
        raise


def is_open(descriptor: int) -> bool:
    """Whether a descriptor is open."""
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _as_socket(descriptor: int) -> socket.socket | None:
    """A second handle on stdout when it is a socket (inetd, a parent's socketpair)."""
    if not is_open(descriptor) or not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        return None
    return socket.socket(fileno=os.dup(descriptor))


def _never_waits(descriptor: int) -> bool:
    """Whether it is a regular file, or a device that is no terminal (/dev/null)."""
    if not is_open(descriptor):
        return False
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISREG(mode) or (stat.S_ISCHR(mode) and not os.isatty(descriptor))


def _is_writable(descriptor: int) -> bool:
    """Whether it can be written now, or is broken, which writing will tell."""
    if sys.platform == "darwin":  # its poll fails on terminals
        return bool(select.select([], [descriptor], [], 0)[1])
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(0))
