"""One connection through the proxy: two sockets, and the data that waits to be written to each.

A link decides nothing: it reports all events to its course (courses.py), which decides what to
forward. With the course that forwards everything, a client cannot distinguish the proxy from the
server: FIN stays FIN, RST stays RST, and a side that does not read blocks the other.
"""

from __future__ import annotations

import errno
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from ..clients.channel import ABORT, RESETS
from .loop import FAILED, HUNG, READABLE, WRITABLE, Loop

#: The most bytes of one read; the bytes that may wait for one side before the other is not read.
READ, ROOM = 64 * 1024, 128 * 1024

#: The most pieces written in one turn, so that many small ones do not delay other links.
_PIECES_AT_ONCE = 256

_UNIX = getattr(socket, "AF_UNIX", None)


class End:
    """One of the two sockets of a link: it reports what it reads, and writes data.

    Arguments:
        sock: a connected, non-blocking socket, which the End will close.
    """

    def __init__(self, sock: socket.socket, loop: Loop) -> None:
        self.sock = sock
        self.other: End
        #: Called with what was read: bytes, no bytes (FIN), or None (RST).
        self.tell: Callable[[bytes | None], None]
        #: Called when both ends are closed.
        self.left: Callable[[], None] = lambda: None
        self._loop = loop
        self._waiting: deque[memoryview] = deque()
        self._size = 0
        self._fin_follows = self._close_follows = False
        self._has_hung = False
        #: The error of a write; the system reports it only once.
        self._failure = 0
        #: Whether FIN was written to it, whether its FIN was read, whether the proxy has closed it.
        self.was_ended = False
        self.has_ended = False
        self.closed = False
        #: Whether the course has asked not to read from it now.
        self.held = False

    # Methods for the course.

    def put(self, data: bytes) -> None:
        """Write these bytes as soon as the socket accepts them."""
        if not (self.closed or self._fin_follows) and data:
            self._waiting.append(memoryview(data))
            self._size += len(data)
            self._write()
            self.settle()

    def read(self, wanted: bool) -> None:
        """Read from the socket, or leave its data there for now."""
        if self.held == wanted:
            self.held = not wanted
            self.settle()

    def end(self) -> None:
        """Send FIN after all waiting data."""
        self._fin_follows = True
        self._write()
        self.settle()

    def abort(self) -> None:
        """Send the data that the socket accepts now, and RST; other data is lost, as usual."""
        self._write()
        if not self.closed and self.sock.family != _UNIX:
            with suppress(OSError):
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
        self.close()

    def hang_up(self) -> None:
        """Send FIN after all waiting data, and read nothing more, like close(2)."""
        self._fin_follows = self._close_follows = True
        self._write()
        self.settle()

    def close(self) -> None:
        """Close the socket; idempotent."""
        if not self.closed:
            self.closed = True
            self._loop.unwatch(self.sock)
            self.sock.close()
            if self.other.closed:
                self.left()

    def fail(self) -> None:
        """Handle an error: first report all data that came before it, as a reader would see it."""
        while not (self.has_ended or self.closed):
            try:
                data = self.sock.recv(READ)
            except OSError:
                break
            if not data and self.sock.family != _UNIX and not self._ended_before_its_reset():
                break  # the error has already been reported to a write
            self.has_ended = not data
            self.tell(data)
        if self.sock.family != _UNIX:
            self._gone()
        self.settle()

    def settle(self) -> None:
        """Update the watched events of both sides; close both if they have ended."""
        if self._is_through and self.other._is_through:
            self.close()
            self.other.close()
        self._watch()
        self.other._watch()

    # Helpers.

    @property
    def _is_through(self) -> bool:
        return self.closed or (self.has_ended and self.was_ended)

    def _watch(self) -> None:
        if self.closed:
            return
        reads = not (self.has_ended or self.held or self.other._size >= ROOM)
        wanted = (READABLE if reads else 0) | (WRITABLE if self._waiting else 0)
        if self._has_hung and not wanted:
            # poll(2) would report HUNG again and again.
            self._loop.unwatch(self.sock)
        else:
            self._loop.watch(self.sock, wanted, self._ready)

    def _ready(self, events: int) -> None:
        if events & WRITABLE:
            self._write()
        if events & FAILED or self._failure:
            self.fail()
        elif events & READABLE:
            self._read()
        if events & HUNG and not self.closed:
            self._has_hung = True
            if self.sock.family == _UNIX and self.has_ended and not self.was_ended:
                # The other process has closed it: data written to it would not be read.
                self.other.hang_up()
                self.close()
        self.settle()

    def _read(self) -> None:
        try:
            data = self.sock.recv(READ)
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno not in RESETS:
                raise
            self._gone()
            return
        self.has_ended = not data
        self.tell(data)

    def _gone(self) -> None:
        """Close the socket and report its reset."""
        if not self.closed:
            self.has_ended = self.was_ended = True
            self.close()
            self.tell(None)

    def _ended_before_its_reset(self) -> bool:
        """Return whether RST came after FIN: then the error is EPIPE (Linux, in CLOSE_WAIT)."""
        failure = self._failure or self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        return failure == errno.EPIPE

    def _write(self) -> None:
        if self._failure:
            self._waiting.clear()
            self._size = 0
        for _ in range(_PIECES_AT_ONCE):
            if self.closed or not self._waiting:
                break
            piece = self._waiting[0]
            try:
                sent = self.sock.send(piece)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno not in RESETS:
                    raise
                self._waiting.clear()
                self._size = 0
                # The system reports the error only once, which was here: a read would return FIN.
                self._failure = error.errno
                self._loop.after(0.0, self.fail)
                break
            self._size -= sent
            if sent == len(piece):
                self._waiting.popleft()
            else:
                self._waiting[0] = piece[sent:]
        if self._fin_follows and not (self._waiting or self.was_ended or self.closed):
            self.was_ended = True
            with suppress(OSError):
                self.sock.shutdown(socket.SHUT_WR)
        if self._close_follows and not self._waiting:
            self.close()


class Told(Protocol):
    """The interface of a course (courses.py), which gets all events of a link."""

    def opened(self) -> None:
        """Handle the start: the server has accepted the connection."""

    def from_client(self, data: bytes) -> None:
        """Handle bytes from the client."""

    def client_ended(self) -> None:
        """Handle FIN from the client."""

    def client_reset(self) -> None:
        """Handle RST from the client."""

    def from_server(self, data: bytes) -> None:
        """Handle bytes from the server."""

    def server_ended(self) -> None:
        """Handle FIN from the server."""

    def server_reset(self) -> None:
        """Handle RST from the server."""

    def left(self) -> None:
        """Handle the end: both sides are closed."""


class Link:
    """The connections of a client and the server.

    Arguments:
        client, server: the sockets, see End.
        name: the name of the client's own socket.
    """

    def __init__(
        self, client: socket.socket, server: socket.socket, loop: Loop, name: object = None
    ) -> None:
        self.name = name
        self.client, self.server = End(client, loop), End(server, loop)
        self.client.other, self.server.other = self.server, self.client
        self.loop = loop

    def follow(self, course: Told) -> None:
        """Start the link: report all events to this course."""
        self.client.tell = _teller(course.from_client, course.client_ended, course.client_reset)
        self.server.tell = _teller(course.from_server, course.server_ended, course.server_reset)
        self.client.left = self.server.left = course.left
        course.opened()
        self.client.settle()

    def close(self) -> None:
        """Close both sides."""
        self.client.close()
        self.server.close()


def _teller(
    came: Callable[[bytes], None], ended: Callable[[], None], reset: Callable[[], None]
) -> Callable[[bytes | None], None]:
    def tell(data: bytes | None) -> None:
        if data is None:
            reset()
        elif data:
            came(data)
        else:
            ended()

    return tell
