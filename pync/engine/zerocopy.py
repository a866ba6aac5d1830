"""Fast paths: bytes that never leave the kernel (sendfile(2), splice(2); Linux).

A mover says "not handled" (None) having lost nothing, and the slow path goes on. Never
for datagrams: splice erases their boundaries. Never where a layer must see the bytes.
"""

from __future__ import annotations

import os
import stat
import sys

from .flow import Mover, Sink, Source

#: Bytes asked for in one call.
CHUNK = 1024 * 1024

_LINUX = sys.platform.startswith("linux") and hasattr(os, "splice")


def fast_path(source: Source, sink: Sink) -> Mover | None:
    """The mover for this pair of descriptors, or None."""
    read_fd = source.read_fd()
    if not _LINUX or read_fd is None or source.datagram or sink.datagram:
        return None
    try:
        came, goes = _kind(read_fd), _kind(sink.write_fd())
    except OSError:
        return None
    if came == "file" and goes == "socket":
        return Sendfile(read_fd, sink.write_fd())
    if (came, goes) in (("pipe", "socket"), ("socket", "pipe")):
        return Splice(read_fd, sink.write_fd())
    # splice(2) refuses a file opened for appending.
    if came == "socket" and goes == "file" and not _appends(sink.write_fd()):
        return SpliceThrough(read_fd, sink.write_fd())
    return None


class Sendfile:
    """From a regular file to a socket; the file's own offset moves on."""

    def __init__(self, source: int, sink: int) -> None:
        self._source = source
        self._sink = sink

    def move(self) -> int | None:
        """Bytes moved; 0 at the end of the file."""
        return os.sendfile(self._sink, self._source, None, CHUNK)  # type: ignore[arg-type]

    def leftover(self) -> bytes:
        """Nothing: sendfile takes only what it delivers."""
        return b""

    def close(self) -> None:
        """Nothing of its own is open."""


class Splice:
    """Between a pipe and a socket, in either direction."""

    def __init__(self, source: int, sink: int) -> None:
        self._source = source
        self._sink = sink

    def move(self) -> int | None:
        """Bytes moved; 0 at EOF."""
        return os.splice(self._source, self._sink, CHUNK, flags=_FLAGS)

    def leftover(self) -> bytes:
        """Nothing: splice takes only what it delivers."""
        return b""

    def close(self) -> None:
        """Nothing of its own is open."""


class SpliceThrough:
    """From a socket to a regular file, through a pipe of our own."""

    def __init__(self, source: int, sink: int) -> None:
        self._source = source
        self._sink = sink
        self._out, self._in = os.pipe()
        self._inside = 0
        try:
            import fcntl

            fcntl.fcntl(self._in, 1031, CHUNK)  # F_SETPIPE_SZ
        except OSError:
            pass

    def move(self) -> int | None:
        """Bytes moved; 0 at EOF."""
        taken = os.splice(self._source, self._in, CHUNK, flags=_FLAGS)
        self._inside += taken
        while self._inside:
            self._inside -= os.splice(self._out, self._sink, self._inside, flags=_MOVE)
        return taken

    def leftover(self) -> bytes:
        """What the file did not take (a full disk): the slow path says why."""
        pieces = []
        while self._inside:
            pieces.append(os.read(self._out, self._inside))
            self._inside -= len(pieces[-1])
        return b"".join(pieces)

    def close(self) -> None:
        """Close the pipe; idempotent."""
        for descriptor in (self._out, self._in):
            if descriptor != -1:
                os.close(descriptor)
        self._out = self._in = -1


_MOVE = getattr(os, "SPLICE_F_MOVE", 0)
# NONBLOCK makes the pipe's side not block, whatever O_NONBLOCK says on it: the
# descriptor is shared with the shell and must not be changed.
_FLAGS = _MOVE | getattr(os, "SPLICE_F_NONBLOCK", 0)

_KINDS = ((stat.S_ISREG, "file"), (stat.S_ISFIFO, "pipe"), (stat.S_ISSOCK, "socket"))


def _kind(descriptor: int) -> str:
    mode = os.fstat(descriptor).st_mode
    return next((name for is_kind, name in _KINDS if is_kind(mode)), "other")


def _appends(descriptor: int) -> bool:
    import fcntl

    return bool(fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_APPEND)
