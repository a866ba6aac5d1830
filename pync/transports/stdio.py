"""Standard input and output as one endpoint.

Descriptors 0-2 are shared with the shell and other programs that run there, so O_NONBLOCK is
never set on them: a pipe that polls writable accepts PIPE_BUF bytes without blocking
(pipe(7)), a socket has MSG_DONTWAIT, a regular file accepts everything. Windows can wait
for none of them: there, pumps read and write (pump.py). Line ends are not translated there, as
Python switches the translation of the C library off.
"""

from __future__ import annotations

import os
import select
import stat
import sys

from ..core.typed import TYPE_CHECKING, Callable
from .descriptors import is_open, is_terminal, write
from .plainsocket import socket

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from .pump import Inlet, Outlet

#: Seconds that standard output has to accept the rest when the program ends with an error.
GRACE = 1.0

#: Bytes of a line, without its LF, that Linux's terminals keep while it is typed; they drop the
#: rest without a message (n_tty.c, termios(3): canonical mode).
LONGEST_LINE = 4095

#: Bytes that a pipe which polls writable accepts at once (POSIX: at least 512).
_PIPE_BUF = getattr(select, "PIPE_BUF", 512)


class Stdio:
    """Standard input and output.

    Arguments:
        stdin: descriptor to read from; None is EOF at once.
        stdout: descriptor to write to.
        owns_stdout: whether stdout belongs to this process and may be closed before its end.
    """

    datagram = False

    def __init__(self, stdin: int | None, stdout: int, *, owns_stdout: bool = False) -> None:
        self._stdin = stdin
        self._stdout = stdout
        self._ended = stdin is None
        #: Whether stdin is a terminal.
        self.interactive = stdin is not None and is_terminal(stdin)
        #: Called when a typed line has as many bytes as the terminal can keep.
        self.line_was_cut: Callable[[int], None] = lambda _size: None
        #: Whether send_eof closes standard output: nothing is written to it afterwards.
        self.closes_output = False
        self.owns_stdout = owns_stdout
        self._inlet: Inlet | None = None
        self._outlet: Outlet | None = None
        self._hangup: select.epoll | None = None
        self._socket = _as_socket(stdout)
        self._takes_all = _takes_all(stdout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._flush(None if kind is None else GRACE)
        except OSError as failure:
            if kind is None:
                from ..core.broken import unwritten

                raise unwritten(failure) from None
        finally:
            self.close()

    def read_fds(self) -> tuple[int, ...]:
        """Return the descriptor to wait on before recv; empty when the input has ended."""
        if self._stdin is None or self._ended:
            return ()
        if sys.platform == "win32":
            return (self._pumped(self._stdin).sock.fileno(),)
        return (self._stdin,)

    def write_fd(self) -> int:
        """Return the descriptor to wait on before send."""
        return self._stdout if self._outlet is None else self._outlet.sock.fileno()

    def fault_fds(self) -> tuple[int, ...]:
        """Return the descriptors that are readable when accepted data cannot be written (Windows).

        ``send(b"")`` raises the error then.
        """
        if sys.platform != "win32" or self._takes_all or self._socket is not None:
            return ()
        return (self._pumped_out().sock.fileno(),)

    def gone_fds(self) -> tuple[int, ...]:
        """Return the descriptors that are readable when stdout's reader may have closed.

        reader_gone() checks it. Only for pipes and sockets; a terminal that hangs up sends SIGHUP.
        """
        if self._takes_all or sys.platform == "win32" or not is_open(self._stdout):
            return ()
        if self._socket is None and not stat.S_ISFIFO(os.fstat(self._stdout).st_mode):
            return ()
        if sys.platform == "linux":
            try:
                return (self._watched_by_epoll(),)
            except OSError:
                return ()  # there is no free descriptor
        # The writing end of a pipe polls readable when its reader has closed, and only then.
        return () if self._socket is not None else (self._stdout,)

    def reader_gone(self) -> bool:
        """Return whether the reader of standard output has closed."""
        poll = select.poll()
        poll.register(self._stdout, 0)
        return any(found & (select.POLLERR | select.POLLHUP) for _, found in poll.poll(0))

    if sys.platform == "linux":

        def _watched_by_epoll(self) -> int:
            # Registered for no event, epoll still reports EPOLLERR and EPOLLHUP (epoll_ctl(2));
            # the loop's selectors do not allow such a registration.
            if self._hangup is None:
                self._hangup = select.epoll()
                self._hangup.register(self._stdout, 0)
            return self._hangup.fileno()

    @property
    def kind(self) -> str:
        """The kind of standard input: ``terminal``, ``pipe`` (or a socket), else ``file``."""
        if self.interactive:
            return "terminal"
        if self._stdin is None:
            return "file"
        mode = os.fstat(self._stdin).st_mode
        return "pipe" if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) else "file"

    @property
    def stdout(self) -> int:
        """The descriptor of standard output."""
        return self._stdout

    @property
    def size(self) -> int | None:
        """The bytes that are left in standard input when it is a file; else None."""
        if self._stdin is None or not stat.S_ISREG(os.fstat(self._stdin).st_mode):
            return None
        return max(0, os.fstat(self._stdin).st_size - os.lseek(self._stdin, 0, os.SEEK_CUR))

    def recv(self, size: int) -> bytes:
        """Return bytes of standard input; ``b""`` at EOF, and always after it. Raises OSError."""
        if self._stdin is None or self._ended:
            # A terminal would give more after ^D; for the next client the input has ended.
            return b""
        if self._inlet is not None:
            data = self._inlet.recv(size)
        else:
            data = os.read(self._stdin, size)
            if self.interactive and _is_cut(data, self._stdin):
                self.line_was_cut(LONGEST_LINE)
        self._ended = not data
        return data

    def send(self, data: bytes | memoryview) -> int:
        """Write as much as possible without blocking. Raises OSError."""
        if self._socket is not None:
            return self._socket.send(data, getattr(socket, "MSG_DONTWAIT", 0))
        if self._takes_all:
            return write(self._stdout, data)
        if sys.platform == "win32":
            return self._pumped_out().send(data)
        if not _is_writable(self._stdout):
            raise BlockingIOError
        return os.write(self._stdout, data[:_PIPE_BUF])

    def show(self, data: bytes) -> None:
        """Write all of it, however long that takes. Raises OSError."""
        while data:
            data = data[write(self._stdout, data) :]

    def without_input(self) -> Stdio:
        """Return an object with the same output and without input."""
        return Stdio(None, self._stdout)

    def send_eof(self) -> None:
        """Close standard output, if allowed, so that its reader need not wait for our exit."""
        if not (self.closes_output and self.owns_stdout) or sys.platform == "win32":
            return
        if self._takes_all or os.isatty(self._stdout):
            return
        self.owns_stdout = False
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        # Keep the descriptor's number in use: the next file that is opened must not get it.
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, self._stdout)
        os.close(null)
        self._takes_all = True

    def close(self) -> None:
        """Close our own resources; the descriptors stay open. Idempotent."""
        for own in (self._socket, self._inlet, self._outlet, self._hangup):
            if own is not None:
                own.close()
        self._socket = self._inlet = self._outlet = self._hangup = None

    def _flush(self, seconds: float | None) -> None:
        """Wait until standard output has accepted everything. Raises OSError."""
        if self._outlet is not None:
            self._outlet.send_eof()
            self._outlet.wait(seconds)

    def _pumped(self, stdin: int) -> Inlet:
        if self._inlet is None:
            from .pump import READ, Inlet

            typed = self.interactive

            def read() -> bytes:
                data = os.read(stdin, READ)
                # On a Windows console, ^Z at the start of a line is EOF.
                return b"" if typed and data.startswith(b"\x1a") else data

            self._inlet = Inlet(read)
        return self._inlet

    def _pumped_out(self) -> Outlet:
        if self._outlet is None:
            from .pump import Outlet

            def write_all(data: bytes) -> None:
                view = memoryview(data)
                while view:
                    view = view[write(self._stdout, view) :]

            self._outlet = Outlet(write_all, stays=False)
            self._outlet.sock.setblocking(False)
        return self._outlet


def _is_cut(line: bytes, terminal: int) -> bool:
    """Return whether a line fills the terminal's buffer, so that the rest of it was lost."""
    if len(line.removesuffix(b"\n")) != LONGEST_LINE or not sys.platform.startswith("linux"):
        return False
    import termios

    return bool(termios.tcgetattr(terminal)[3] & termios.ICANON)


def _as_socket(descriptor: int) -> socket.socket | None:
    """Return a second handle on stdout when it is a socket (inetd, a parent's socketpair)."""
    if not is_open(descriptor) or not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
        return None
    return socket.socket(fileno=os.dup(descriptor))


def _takes_all(descriptor: int) -> bool:
    """Return whether it is a regular file, or a device that is not a terminal (/dev/null).

    On Windows a console too: writing to it does not wait, and keeps its order with stderr.
    """
    if not is_open(descriptor):
        return sys.platform == "win32"
    mode = os.fstat(descriptor).st_mode
    if sys.platform == "win32":
        return not stat.S_ISFIFO(mode)
    return stat.S_ISREG(mode) or (stat.S_ISCHR(mode) and not os.isatty(descriptor))


def _is_writable(descriptor: int) -> bool:
    """Return whether it can be written now, or is broken, so that writing raises the error."""
    if sys.platform == "darwin":  # its poll fails on terminals
        return bool(select.select([], [descriptor], [], 0)[1])
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(0))
