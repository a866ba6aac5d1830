"""Fast paths: moving bytes inside the kernel (sendfile(2); on Linux splice(2) too).

A mover returns "not handled" (None) without losing bytes, and the slow path continues. It is not
used for datagrams, as splice erases their boundaries, nor where a layer handles the bytes.

The kernel reports the error of a broken socket only once, so a mover that gets it must raise it: on
the slow path the reset connection would look like one that ended.
"""

from __future__ import annotations

import errno
import os
import stat
import sys

from ..core.typed import TYPE_CHECKING
from ..transports.conn import Conn
from .protocols import Mover, Sink, Source

if TYPE_CHECKING:
    from .direction import FailedEnd

#: Bytes asked for in one call.
CHUNK = 1024 * 1024

#: The usual capacity of a pipe, and the capacity once a pipe has been full (a fifth less work).
USUAL = 64 * 1024
WIDE = 256 * 1024

#: Bytes of one copy; once a read returns so many, splice is used instead.
SHORT = 16 * 1024

_LINUX = sys.platform.startswith("linux") and hasattr(os, "splice")
_SENDS_FILES = hasattr(os, "sendfile")


def fast_path(source: Source, sink: Sink) -> Mover | None:
    """Return the mover for this pair of descriptors, or None."""
    read_fds = source.read_fds()
    if not (_LINUX or _SENDS_FILES) or len(read_fds) != 1 or source.datagram or sink.datagram:
        return None
    if any(getattr(end, "layered", False) for end in (source, sink)):
        return None
    if getattr(sink, "may_refuse", False):
        return None
    read_fd = read_fds[0]
    from_conn, to_conn = isinstance(source, Conn), isinstance(sink, Conn)
    conns = from_conn and to_conn
    try:
        came = "socket" if from_conn else _kind(read_fd)
        goes = "socket" if to_conn else _kind(sink.write_fd())
    except OSError:
        return None
    if came == "file" and goes == "socket":
        return (Sendfile if _LINUX else SendfileAt)(read_fd, sink.write_fd())
    if not _LINUX:
        return None
    if (came, goes) in (("pipe", "socket"), ("socket", "pipe")):
        return Splice(read_fd, sink.write_fd())
    # splice(2) refuses a file opened for appending, and most devices except /dev/null.
    if came == "socket" and goes in ("file", "device") and not _appends(sink.write_fd()):
        unblocked = isinstance(source, Conn)
        return SpliceThrough(read_fd, sink.write_fd(), unblocked=unblocked)
    if came == goes == "socket":
        return SpliceAcross(read_fd, sink.write_fd(), unblocked=conns)
    return None


class _Between:
    """A mover between two descriptors; the base of the classes below."""

    #: See Mover. (No source here buffers bytes.)
    holds = layered = ended = False

    def __init__(self, source: int, sink: int) -> None:
        self._source = source
        self._sink = sink

    def move(self) -> int | None:
        """Move bytes; return how many, 0 at EOF, or None when they cannot be moved."""
        try:
            return self._step()
        except OSError as error:
            if isinstance(error, BrokenPipeError) and _kind(self._sink) == "pipe":
                # splice(2) raises it before it reads the source, which may have reached EOF.
                return None
            if error.errno in _FROM_THE_NETWORK or isinstance(error, BlockingIOError):
                raise
            # The slow path finds out and raises the error of a file or a pipe.
            return None

    def fault(self, error: OSError) -> FailedEnd:
        """Return the end that is a socket; EPIPE is always the sink's."""
        if error.errno == errno.EPIPE or _kind(self._sink) == "socket":
            return "sink"
        return "source"

    def leftover(self) -> bytes:
        """Return nothing: all bytes taken are delivered."""
        return b""

    def close(self) -> None:
        """Do nothing: the mover has opened nothing itself."""

    def _step(self) -> int:
        raise NotImplementedError


class Sendfile(_Between):
    """From a regular file to a socket; sendfile(2) advances the file's offset."""

    def _step(self) -> int:
        return os.sendfile(self._sink, self._source, None, CHUNK)


class SendfileAt(_Between):
    """The same where sendfile(2) needs an offset and does not advance the file's (macOS)."""

    def _step(self) -> int:
        at = os.lseek(self._source, 0, os.SEEK_CUR)
        sent = os.sendfile(self._sink, self._source, at, CHUNK)
        os.lseek(self._source, at + sent, os.SEEK_SET)
        return sent


class Splice(_Between):
    """Between a pipe and a socket, in either direction."""

    def __init__(self, source: int, sink: int) -> None:
        super().__init__(source, sink)
        self._wide = False

    def _step(self) -> int:
        moved = os.splice(self._source, self._sink, CHUNK, flags=_FLAGS)
        if moved >= USUAL and not self._wide:
            # A pipe holds 64 KiB, so the processes would switch every 64 KiB. It is widened only
            # once there is much to move, because widening costs more than a short connection.
            self._wide = True
            _widen(self._source if _kind(self._source) == "pipe" else self._sink)
        return moved


class _ThroughPipe(_Between):
    """A mover through a pipe of our own, made once there is much to move: most data is short.

    Arguments:
        unblocked: whether both ends are known to be non-blocking: a relay sets connections so.
    """

    def __init__(self, source: int, sink: int, *, unblocked: bool = False) -> None:
        super().__init__(source, sink)
        self._unblocked = unblocked
        self._out = self._in = -1
        self._inside = 0
        #: Bytes that were read without the pipe and are not written yet.
        self._held = b""
        self._streams = self._wide = False

    def close(self) -> None:
        """Close the pipe; idempotent."""
        for descriptor in (self._out, self._in):
            if descriptor != -1:
                os.close(descriptor)
        self._out = self._in = -1

    def _make_pipe(self) -> None:
        if self._out == -1:
            self._out, self._in = os.pipe()


class SpliceThrough(_ThroughPipe):
    """From a socket to a regular file or a device, through the pipe."""

    def _step(self) -> int:
        if self._unblocked and not self._streams:
            return self._copy()
        self._make_pipe()
        taken = os.splice(self._source, self._in, CHUNK, flags=_FLAGS)
        self._inside += taken
        if taken >= USUAL and not self._wide:
            self._wide = True
            _widen(self._in)
        while self._inside:
            self._inside -= os.splice(self._out, self._sink, self._inside, flags=_MOVE)
        return taken

    def leftover(self) -> bytes:
        """Return the bytes that the file did not take (a full disk); the slow path raises why."""
        pieces, self._held = [self._held], b""
        while self._inside:
            pieces.append(os.read(self._out, self._inside))
            self._inside -= len(pieces[-1])
        return b"".join(pieces)

    def _copy(self) -> int:
        self._held = os.read(self._source, SHORT)
        taken = len(self._held)
        self.ended, self._streams = not taken, taken == SHORT
        while self._held:
            self._held = self._held[os.write(self._sink, self._held) :]
        return taken


class SpliceAcross(_ThroughPipe):
    """From a socket to a socket (in a proxy), through the pipe.

    It does not handle a blocking socket (standard input or output under inetd): splice(2) waits
    for such a socket whatever its flags are, and nothing else would move in the meantime.

    The pipe is widened only after it has been full, and not by much: there may be hundreds of
    pipes, and one user's pipes have a common limit (pipe(7), pipe-user-pages-soft).
    """

    _failed: FailedEnd = "source"

    @property
    def holds(self) -> bool:  # type: ignore[override]
        """Whether it has bytes of the source that are not written to the sink yet."""
        return self._inside > 0 or bool(self._held)

    def fault(self, error: OSError) -> FailedEnd:
        """Return the end used last: both are sockets and can raise the same errors."""
        return "sink" if error.errno == errno.EPIPE else self._failed

    def leftover(self) -> bytes:
        """Return the bytes that the sink did not take."""
        data = self._held + (os.read(self._out, self._inside) if self._inside else b"")
        self._held, self._inside = b"", 0
        return data

    def _step(self) -> int:
        if self._streams or self._inside:
            return self._splice()
        # A few bytes move faster without the pipe; once there are many, it is used.
        if not self._held:
            if not self._unblocked:
                if os.get_blocking(self._source) or os.get_blocking(self._sink):
                    raise OSError(errno.EINVAL, "one of them blocks")
                self._unblocked = True
            self._failed = "source"
            self._held = os.read(self._source, SHORT)
            if not self._held:
                self.ended = True
                return 0
        self._failed = "sink"
        sent = os.write(self._sink, self._held)
        self._streams = sent == SHORT
        self._held = self._held[sent:]
        return sent

    def _splice(self) -> int:
        if not self._inside:
            self._make_pipe()
            self._failed = "source"
            self._inside = os.splice(self._source, self._in, CHUNK, flags=_FLAGS)
            if not self._inside:
                return 0
            if self._inside >= USUAL and not self._wide:
                self._wide = True
                _widen(self._in, WIDE)
        self._failed = "sink"
        sent = os.splice(self._out, self._sink, self._inside, flags=_FLAGS)
        self._inside -= sent
        return sent


_MOVE = getattr(os, "SPLICE_F_MOVE", 0)
# NONBLOCK makes the pipe's side non-blocking without O_NONBLOCK: the descriptor is shared with
# the shell and must not be changed.
_FLAGS = _MOVE | getattr(os, "SPLICE_F_NONBLOCK", 0)

#: Errors that only sockets raise, and only once.
_FROM_THE_NETWORK = frozenset(
    {
        errno.EPIPE,
        errno.ECONNRESET,
        errno.ECONNABORTED,
        errno.ETIMEDOUT,
        errno.EHOSTUNREACH,
        errno.ENETUNREACH,
        errno.ENETDOWN,
        errno.ENETRESET,
    }
)

#: From linux/fcntl.h; only new versions of the fcntl module define it.
_F_SETPIPE_SZ = 1031

_KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFIFO: "pipe",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
}


def _kind(descriptor: int) -> str:
    kind = _KINDS.get(stat.S_IFMT(os.fstat(descriptor).st_mode), "other")
    # Not for a terminal: a stopped one (^S) would block everything, and the line being edited
    # (--edit) has to be drawn again after output.
    return "other" if kind == "device" and os.isatty(descriptor) else kind


def _widen(pipe: int, size: int = CHUNK) -> None:
    """Set the capacity of a pipe, if the system's limit for users allows it (pipe(7))."""
    import fcntl

    try:
        fcntl.fcntl(pipe, _F_SETPIPE_SZ, size)
    except OSError:
        pass


def _appends(descriptor: int) -> bool:
    import fcntl

    return bool(fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_APPEND)
