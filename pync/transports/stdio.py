"""Standard input and output as one endpoint.

Descriptors 0-2 are shared with the shell and whatever else runs there, so O_NONBLOCK is
never set on them: a blocking pipe that polls writable takes PIPE_BUF bytes without
blocking (pipe(7)), a socket takes MSG_DONTWAIT, a regular file takes everything.
"""

from __future__ import annotations

import os
import select
import socket
import stat
from types import TracebackType

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
        self.interactive = stdin is not None and os.isatty(stdin)
        self._socket = _as_socket(stdout)
        mode = os.fstat(stdout).st_mode if _is_open(stdout) else 0
        self._whole = stat.S_ISREG(mode)

    def __enter__(self) -> Stdio:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def read_fd(self) -> int | None:
        """The descriptor to wait on before recv; None: recv says EOF without waiting."""
        return self._stdin

    def write_fd(self) -> int:
        """The descriptor to wait on before send."""
        return self._stdout

    def recv(self, size: int) -> bytes:
        """What was typed; ``b""`` at EOF. Raises OSError."""
        return b"" if self._stdin is None else os.read(self._stdin, size)

    def send(self, data: bytes | memoryview) -> int:
        """Write as much as can be written without blocking. Raises OSError."""
        if self._socket is not None:
            return self._socket.send(data, getattr(socket, "MSG_DONTWAIT", 0))
        if self._whole:
            return os.write(self._stdout, data)
        return os.write(self._stdout, data[:_PIPE_BUF])

    def close(self) -> None:
        """Let go of what is ours; the descriptors stay open. Idempotent."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _as_socket(descriptor: int) -> socket.socket | None:
    """A second handle on stdout when it is a socket (inetd, a parent's socketpair)."""
    if not _is_open(descriptor) or not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        return None
    return socket.socket(fileno=os.dup(descriptor))
