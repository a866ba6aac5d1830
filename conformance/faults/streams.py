"""The proxy for streams: it accepts clients, and links each of them with the server."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Collection
from contextlib import suppress

from ..clients.channel import RESETS
from ..targets.address import UNIX, Address, endpoints
from ..targets.queues import Queues, queues_of
from .courses import Course, Shared
from .links import Link
from .loop import READABLE, WRITABLE, Loop

#: The most clients that may wait to be accepted; no scenario has more.
_BACKLOG = 256

#: Seconds between two attempts to connect to a Unix socket whose backlog is full.
_TRY_AGAIN = 0.005

#: Seconds that a client waits in the backlog until this counts as an action of the fault.
_WAITS = 0.05

#: Errors of a connect that is still in progress: on Linux and Windows.
_BEGUN = frozenset({errno.EINPROGRESS, errno.EWOULDBLOCK, getattr(errno, "WSAEWOULDBLOCK", 0)})


class StreamProxy(Shared):
    """A proxy: clients connect to ``address``, and the server at ``upstream`` serves them.

    Arguments:
        upstream: where the server listens.
        entrance: where to listen: at a free port of a loopback address, or at a path.
        make: makes the course of each link.
        window: the size of each socket's buffers in bytes; None uses the system's default.
    """

    def __init__(
        self, upstream: Address, entrance: Address, make: type[Course], window: int | None = None
    ) -> None:
        super().__init__()
        self.upstream = upstream
        self.loop = Loop()
        self._make = make
        self._window = window
        self._reaching: dict[socket.socket, socket.socket] = {}
        self._names: dict[socket.socket, object] = {}
        self._is_full = False
        self._listener, self.address = _listen(entrance, window)
        self.loop.watch(self._listener, READABLE, lambda _: self._accept())
        self.loop.start()

    def lead_to(self, upstream: Address) -> None:
        """Connect all later clients to another server."""
        self.loop.call(lambda: setattr(self, "upstream", upstream))

    def shown(self, unread: Collection[object], resets: bool) -> int:
        """Return how often the fault has changed something that a client could have seen so far.

        Arguments:
            unread: the names of the clients that have not read their answers.
            resets: whether a client has awaited an RST.
        """
        if self._make.shows_in_answers and not self.has_spoken:
            return 0
        if self._make.shows_in_resets and not resets:
            return 0
        return self.acted - sum(self.changed.get(name, 0) for name in unread)

    def queues(self, name: object) -> Queues | None:
        """Return the bytes that wait between the proxy and the server for one client.

        Arguments:
            name: the name of the client's socket.
        Returns None if they are not known.
        """
        for course in list(self.courses):
            if course.link.name == name and not course.server.closed:
                return queues_of(course.server.sock)
        return None

    def close(self) -> None:
        """End the loop and close all sockets."""
        self.loop.stop()
        for course in list(self.courses):
            course.link.close()
        for sock in [*self._reaching, *self._reaching.values()]:
            sock.close()
        self.refuse()

    # Methods for faults that affect all clients.

    def refuse(self) -> None:
        """Stop listening, so that connections are refused."""
        if self._listener.fileno() != -1:
            self.loop.unwatch(self._listener)
            self._listener.close()
            if self.address.transport == UNIX:
                with suppress(OSError):
                    os.unlink(self.address.path)

    def review(self) -> None:
        """Check again whether a new client is accepted or has to wait."""
        self._is_full = 0 < self._make.most <= len(self.courses) + len(self._reaching)
        if self._listener.fileno() != -1:
            self.loop.watch(self._listener, READABLE, lambda _: self._accept())

    # Helpers.

    def _accept(self) -> None:
        if self._is_full:
            self.loop.watch(self._listener, 0, lambda _: None)
            self.loop.after(_WAITS, self._tell_who_waits)
            return
        try:
            client, name = self._listener.accept()
        except OSError:
            return  # the client has already closed the connection
        self._names[client] = name
        self._reach(client)
        self.review()

    def _tell_who_waits(self) -> None:
        if self._is_full:
            self.acted += 1

    def _reach(self, client: socket.socket) -> None:
        """Connect to the server for a client."""
        client.setblocking(False)
        family, name = endpoints(self.upstream)[0]
        server = socket.socket(family, socket.SOCK_STREAM)
        for sock in (client, server):
            _prepare(sock, self._window)
        server.setblocking(False)
        self._reaching[client] = server
        self._connect(client, server, name)

    def _connect(
        self, client: socket.socket, server: socket.socket, name: tuple[str, int] | str
    ) -> None:
        failure = server.connect_ex(name)
        if failure == errno.EAGAIN and self.upstream.transport == UNIX:
            self.loop.after(_TRY_AGAIN, lambda: self._connect(client, server, name))
        elif failure in _BEGUN:
            self.loop.watch(server, WRITABLE, lambda _: self._connected(client, server))
        else:
            self._connected(client, server, failure)

    def _connected(self, client: socket.socket, server: socket.socket, failure: int = 0) -> None:
        self.loop.unwatch(server)
        self._reaching.pop(client, None)
        link = Link(client, server, self.loop, self._names.pop(client, None))
        failure = failure or server.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failure and failure not in RESETS:
            # The server refuses. The client is already connected, so the nearest thing is a reset.
            link.client.abort()
            link.server.close()
            return
        course = self._make(self, link)
        self.courses.append(course)
        link.follow(course)
        if failure:
            # It was connected, and has been reset since; the system reports the error only once.
            link.server.fail()


def _listen(entrance: Address, window: int | None) -> tuple[socket.socket, Address]:
    if entrance.transport == UNIX:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(entrance.path)
        address = entrance
    else:
        family = socket.AF_INET6 if ":" in entrance.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        if window is not None:
            # This must be set before the handshake, which announces the window.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        listener.bind((entrance.host, 0))
        address = entrance._replace(port=listener.getsockname()[1])
    listener.listen(_BACKLOG)
    listener.setblocking(False)
    return listener, address


def _prepare(sock: socket.socket, window: int | None) -> None:
    if window is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, window)
    if sock.family != getattr(socket, "AF_UNIX", None):
        with suppress(OSError):  # the client has already closed the connection
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
