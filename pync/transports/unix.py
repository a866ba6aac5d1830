"""Unix stream sockets (unix(7)): a path in the file system, or ``@name`` on Linux.

A stale socket at the path to bind is replaced; any other file is left alone. Our own path is
removed at the end.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ..core.address import Address
from ..core.deadline import Deadline
from ..core.errors import DialError, ListenError, cause_of
from . import Options
from .conn import Conn, StreamConn
from .listener import Listener
from .tcp_listener import BACKLOG


def dial(address: Address, options: Options) -> StreamConn:
    """Connect to a path. Raises DialError."""
    sock = new_socket("dial", address, socket.SOCK_STREAM, DialError)
    placed: Placed | None = None
    try:
        if options.source is not None:
            with taking_turns(options.source):
                placed = place(sock, options.source)
        sock.settimeout(options.timeout)
        sock.connect(kernel_name(address.path))
        sock.settimeout(None)
        _deepen(sock)
    except (OSError, ValueError) as error:
        remove(placed)
        sock.close()
        raise DialError("dial", address, cause(error)) from None
    except BaseException:
        remove(placed)
        sock.close()
        raise
    local = Address("unix", path=shown(sock.getsockname()))
    return UnixConn(sock, local, address, placed)


class UnixConn(StreamConn):
    """A client's connection; close removes the path that it was bound to, if any."""

    _is_bare = True

    def __init__(
        self, sock: socket.socket, local: Address, peer: Address, placed: Placed | None
    ) -> None:
        super().__init__(sock, local, peer)
        self._placed = placed

    def close(self) -> None:
        """Remove our own path and close the connection; idempotent."""
        remove(self._placed)
        self._placed = None
        super().close()


def listen(address: Address, options: Options) -> UnixListener:
    """Listen on a path. Raises ListenError."""
    with taking_turns(address.path):
        sock, placed = bound("listen", address, socket.SOCK_STREAM)
        try:
            sock.listen(BACKLOG)
            sock.setblocking(False)
        except OSError as error:
            sock.close()
            raise ListenError("listen", address, cause_of(error)) from None
    return UnixListener(sock, address, placed, deep=not options.many)


class UnixListener(Listener):
    """A listening Unix socket; close removes its path.

    Arguments:
        placed: the bound path, with its device and inode; None if abstract.
        deep: whether a connection may have large buffers, because there is only one.
    """

    def __init__(
        self, sock: socket.socket, address: Address, placed: Placed | None, *, deep: bool
    ) -> None:
        super().__init__([sock], [address])
        self._placed = placed
        self._deep = deep

    def disown(self) -> None:
        """Let another process remove the path."""
        self._placed = None

    def close_for_others(self) -> None:
        """Accept no more connections; remove the path, which has no use without a listener."""
        self.close()

    def close(self) -> None:
        """Remove the path, if it is still ours, and stop listening; idempotent."""
        # In this order: once this socket is closed, another listener may replace it with its own
        # socket, which may even get the same inode.
        remove(self._placed)
        self._placed = None
        super().close()

    def _take(self, sock: socket.socket) -> Conn:
        accepted, name = sock.accept()
        accepted.settimeout(None)
        if self._deep:
            _deepen(accepted)
        return StreamConn(accepted, self.address, Address("unix", path=shown(name)))


#: The size of a Unix socket's buffer: with Linux's default, processes switch every 208 KiB. (The
#: system may reduce the size to its limit.)
DEPTH = 4 * 1024 * 1024


def _deepen(sock: socket.socket) -> None:
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, DEPTH)
    except OSError:
        pass  # macOS refuses more than kern.ipc.maxsockbuf: keep the default


#: Seconds to wait for other listeners that are starting in the same folder.
LOCK_TIMEOUT = 1.0

#: A path that we have bound, its device and inode: another file at this path is not ours.
Placed = tuple[str, int, int]


def new_socket(
    operation: str,
    address: Address,
    kind: int,
    wrong: type[DialError | ListenError],
) -> socket.socket:
    """Return a Unix socket. Raises ``wrong`` where the system does not have them."""
    family = getattr(socket, "AF_UNIX", None)
    if family is None:
        raise wrong(operation, address, "this system has no Unix sockets")
    return socket.socket(family, kind)


def bound(operation: str, address: Address, kind: int) -> tuple[socket.socket, Placed | None]:
    """Return a socket bound to a path; replace a stale one, if any: see taking_turns().

    Raises ListenError.
    """
    sock = new_socket(operation, address, kind, ListenError)
    try:
        return sock, place(sock, address.path)
    except (OSError, ValueError) as error:
        sock.close()
        raise ListenError(operation, address, cause(error)) from None
    except BaseException:
        sock.close()
        raise


def place(sock: socket.socket, path: str) -> Placed | None:
    """Bind a socket to a path; replace a stale one, if any: see taking_turns().

    Raises OSError, ValueError.
    """
    name = kernel_name(path)
    try:
        sock.bind(name)
    except OSError as error:
        if error.errno != errno.EADDRINUSE or not _is_stale(path, sock.type):
            raise
        os.unlink(path)
        sock.bind(name)
    return placed_at(path)


@contextmanager
def taking_turns(path: str) -> Iterator[None]:
    """Let one process at a time look for a stale socket, replace it, and listen.

    Otherwise, when two of them find the same stale socket, the slower one would remove the new
    socket of the other.
    """
    descriptor = None if isinstance(kernel_name(path), bytes) else _locked(os.path.dirname(path))
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _locked(folder: str) -> int | None:
    """Return a descriptor of a folder with a lock on it; a lock file would be left behind.

    Everyone who can read the folder can lock it for ever. So this waits a second, and then
    continues without the lock.
    """
    try:
        import fcntl

        descriptor = os.open(folder or ".", os.O_RDONLY)
    except (ImportError, OSError, ValueError):
        return None  # no locks here, or an unreadable folder; bind(2) raises the error
    deadline = Deadline(LOCK_TIMEOUT)
    while not deadline.passed:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            time.sleep(0.005)
        except OSError:
            break  # a file system without locks
    return descriptor


def remove(placed: Placed | None) -> None:
    """Remove a path that we have bound, unless another file has replaced it."""
    if placed is not None and placed == placed_at(placed[0]):
        try:
            os.unlink(placed[0])
        except OSError:
            pass


def kernel_name(path: str) -> str | bytes:
    """Return the name to bind or connect: ``@name`` is in Linux's abstract namespace."""
    if path.startswith("@") and sys.platform.startswith("linux"):
        return b"\0" + os.fsencode(path[1:])
    return path


def shown(name: object) -> str:
    """Return a socket's name in the form of an address."""
    if isinstance(name, bytes):
        return "@" + os.fsdecode(name[1:]) if name.startswith(b"\0") else os.fsdecode(name)
    return str(name)


def placed_at(path: str) -> Placed | None:
    """Return what is at a path now; None if there is nothing, or if the name is abstract."""
    if isinstance(kernel_name(path), bytes):
        return None
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return path, found.st_dev, found.st_ino


def _is_stale(path: str, kind: int) -> bool:
    """Return whether there is a socket at the path without a listener.

    The test connects a socket of another type: if there is a listener, it gets EPROTOTYPE
    (unix(7)), and the listener does not notice. A normal client that closes at once would end a
    listener that serves only one client.
    """
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            return False
        other = socket.SOCK_DGRAM if kind == socket.SOCK_STREAM else socket.SOCK_STREAM
        with socket.socket(socket.AF_UNIX, other) as probe:
            probe.setblocking(False)
            probe.connect(path)
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return False


def cause(error: OSError | ValueError) -> str:
    """Return the cause of an error of bind or connect, for the end of an error line."""
    if isinstance(error, ValueError):
        return str(error)  # a NUL in the path
    # Python's own check has a text and no number (unix(7): sun_path has 108 bytes).
    too_long = error.errno is None and "path too long" in str(error)
    return "file name too long" if too_long else cause_of(error)
