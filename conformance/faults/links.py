"""One connection through the proxy: two sockets, and what waits to be written to each.

A link decides nothing: what happens on it is told to its course (courses.py), which says what is
passed on. The course that passes on everything makes a proxy that cannot be told from the server:
FIN stays FIN, RST stays RST, and a side that does not read stalls the other.
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

#: Bytes asked for in one read; bytes that may wait for one side before the other is not read.
READ, ROOM = 64 * 1024, 128 * 1024

#: Pieces written in one turn, so that many small ones hold up nobody else.
_PIECES_AT_ONCE = 256

_UNIX = getattr(socket, "AF_UNIX", None)


class End:
    """One of the two sockets: what it says is told, and what is for it is written.

    Arguments:
        sock: connected, does not block, owned from now on.
    """

    def __init__(self, sock: socket.socket, loop: Loop) -> None:
        self.sock = sock
        self.other: End
        #: Told what it says: bytes, no bytes (FIN), or None (RST).
        self.tell: Callable[[bytes | None], None]
        #: Told that both are closed.
        self.left: Callable[[], None] = lambda: None
        self._loop = loop
        self._waiting: deque[memoryview] = deque()
        self._size = 0
        self._fin_follows = self._close_follows = False
        self._has_hung = False
        #: The error that a write was told, which is told once.
        self._failure = 0
        #: Whether FIN was written to it, whether its FIN was read, whether it is closed here.
        self.was_ended = False
        self.has_ended = False
        self.closed = False
        #: Whether the course wants nothing to be read of it now.
        self.held = False

    # What a course does with it.

    def put(self, data: bytes) -> None:
        """Write these bytes as soon as they are taken."""
        if not (self.closed or self._fin_follows) and data:
            self._waiting.append(memoryview(data))
            self._size += len(data)
            self._write()
            self.settle()

    def read(self, wanted: bool) -> None:
        """Read what it says, or leave it in the socket for now."""
        if self.held == wanted:
            self.held = not wanted
            self.settle()

    def end(self) -> None:
        """FIN, after all that waits."""
        self._fin_follows = True
        self._write()
        self.settle()

    def abort(self) -> None:
        """RST, after what is taken at once: the rest is lost, as it is with the sender's own."""
        self._write()
        if not self.closed and self.sock.family != _UNIX:
            with suppress(OSError):
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
        self.close()

    def hang_up(self) -> None:
        """FIN after all that waits, and nothing more is read: as close(2) does."""
        self._fin_follows = self._close_follows = True
        self._write()
        self.settle()

    def close(self) -> None:
        """Leave; idempotent."""
        if not self.closed:
            self.closed = True
            self._loop.unwatch(self.sock)
            self.sock.close()
            if self.other.closed:
                self.left()

    def fail(self) -> None:
        """Something failed: what came before is told first, as its reader would see it."""
        while not (self.has_ended or self.closed):
            try:
                data = self.sock.recv(READ)
            except OSError:
                break
            if not data and self.sock.family != _UNIX and not self._ended_before_its_reset():
                break  # the error has been told to a write
            self.has_ended = not data
            self.tell(data)
        if self.sock.family != _UNIX:
            self._gone()
        self.settle()

    def settle(self) -> None:
        """Watch both sides for what is to be done now."""
        if self._is_through and self.other._is_through:
            self.close()
            self.other.close()
        self._watch()
        self.other._watch()

    # How.

    @property
    def _is_through(self) -> bool:
        return self.closed or (self.has_ended and self.was_ended)

    def _watch(self) -> None:
        if self.closed:
            return
        reads = not (self.has_ended or self.held or self.other._size >= ROOM)
        wanted = (READABLE if reads else 0) | (WRITABLE if self._waiting else 0)
        if self._has_hung and not wanted:
            # poll(2) would tell so again and again.
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
                # Its owner has closed it: nothing that is written to it will be read.
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
        """It was reset."""
        if not self.closed:
            self.has_ended = self.was_ended = True
            self.close()
            self.tell(None)

    def _ended_before_its_reset(self) -> bool:
        """Whether an RST followed its FIN: that error is EPIPE (Linux, in CLOSE_WAIT)."""
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
                # The error is told once, and was told here: reading would find FIN.
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
    """What is told of all that happens on a link (courses.py)."""

    def opened(self) -> None:
        """The server has taken the connection."""

    def from_client(self, data: bytes) -> None:
        """The client has sent bytes."""

    def client_ended(self) -> None:
        """The client has sent FIN."""

    def client_reset(self) -> None:
        """The client has sent RST."""

    def from_server(self, data: bytes) -> None:
        """The server has sent bytes."""

    def server_ended(self) -> None:
        """The server has sent FIN."""

    def server_reset(self) -> None:
        """The server has sent RST."""

    def left(self) -> None:
        """Both sides are closed."""


class Link:
    """A client, the server, and the course of what they say to each other.

    Arguments:
        client, server: as an End takes them.
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
        """Begin: from now on the course is told what happens."""
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
