"""What every listener can do, on top of its sockets."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

from ..core.address import Address
from ..core.broken import WebSocketError
from ..core.closing import Closing
from ..core.deadline import Deadline
from ..core.errors import ListenError, TlsError, cause_of
from ..core.typed import TYPE_CHECKING
from ..waiting.readiness import Readable
from . import everyone
from .conn import Conn, StreamConn

if TYPE_CHECKING:
    from typing import Any, NoReturn

    from ..waiting.interrupt import Interrupt


class Accepting(Closing):
    """The base of all classes with ``accept``."""

    #: Whether it was closed.
    closed = False

    def accept(self, timeout: float | None = None) -> StreamConn | Any:
        """Return the next connection; see Listener and TlsListener."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[StreamConn | Any]:
        """Yield connections until close() is called, possibly by another thread.

        A connection whose TLS handshake fails is skipped. A listener of datagrams yields one
        connection: that of the first sender.
        """
        while not self.closed:
            try:
                conn = self.accept()
            except (TlsError, WebSocketError):
                continue
            except ListenError:
                if self.closed:
                    return
                raise
            yield conn
            if conn.datagram:
                return

    def serve(
        self,
        handler: Callable[[Any], object],
        *,
        max_clients: int | None = None,
        grace: float | None = None,
    ) -> None:
        """Call ``handler`` with each connection, in a thread of its own, until close().

        The connection is closed when the handler returns, and dropped when it raises;
        ``threading.excepthook`` gets the exception.

        Arguments:
            max_clients: the limit of clients at once; others wait in the system's queue.
            grace: seconds that handlers may take after close(); then their connections are
                shut down. None: wait for them.
        Raises ListenError.
        """
        from .service import serve

        serve(self, handler, max_clients, grace)


class Listener(Accepting):
    """One or more listening sockets that work as one.

    Arguments:
        socks: bound and listening; owned by this object.
        addresses: where they listen, in the same order.
    """

    #: Whether connections may wait where no descriptor of read_fds() shows it: then take_nowait has
    #: to be called until it returns None.
    has_queue = False

    def __init__(self, socks: list[socket.socket], addresses: list[Address]) -> None:
        self._socks = socks
        self._readable: Readable | None = None
        self._interrupt: Interrupt | None = None
        self.addresses = addresses
        #: Returns whether a peer is accepted; the connection of another one is closed silently.
        self.admits: Callable[[Address], bool] = everyone

    @property
    def address(self) -> Address:
        """The first of the addresses."""
        return self.addresses[0]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {', '.join(map(str, self.addresses))}>"

    def accept(self, timeout: float | None = None) -> StreamConn | Any:
        """Return the next connection; of most listeners it is a StreamConn.

        Arguments:
            timeout: seconds; None waits for ever.
        Raises ListenError, which is a TimeoutError when the time is over.
        """
        if self._interrupt is None:
            return self._accept(Deadline(timeout))
        with self._interrupt.waiting():
            return self._accept(Deadline(timeout))

    def _accept(self, deadline: Deadline) -> Conn:
        while True:
            sock = self._wait(deadline)
            try:
                return self._admitted(sock)
            except (BlockingIOError, ConnectionError):
                # The client has reset the connection while it was in the queue.
                continue
            except OSError as error:
                raise ListenError("accept", self.address, cause_of(error)) from None

    def let_others_close(self) -> Interrupt:
        """Let close() end an accept() that waits in another thread."""
        from ..waiting.interrupt import Interrupt

        self._interrupt = Interrupt()
        return self._interrupt

    def check_open(self) -> None:
        """Raise ListenError if it was closed."""
        if self.closed:
            raise ListenError("accept", self.address, "the listener was closed")

    @property
    def sockets(self) -> list[socket.socket]:
        """The sockets, which the listener still owns."""
        return list(self._socks)

    def read_fds(self) -> tuple[int, ...]:
        """Return the descriptors to wait on before take_nowait."""
        return tuple(sock.fileno() for sock in self._socks)

    def take_nowait(self) -> Conn | None:
        """Return the next connection, or None when none waits. Raises OSError (EMFILE)."""
        for sock in list(self._socks):
            try:
                return self._admitted(sock)
            except (BlockingIOError, ConnectionError):
                continue
        return None

    def close_for_others(self) -> None:
        """Accept no more connections; the accepted one stays open."""
        for sock in self._socks:
            sock.close()

    def let_go(self) -> None:
        """Close our descriptors; another process has them too and continues to listen."""
        for sock in self._socks:
            sock.close()

    def disown(self) -> None:
        """Let another process remove what belongs to the listener (a path)."""

    def close(self) -> None:
        """Stop listening; an accept() that waits in another thread ends. Idempotent."""
        self.closed = True
        if self._interrupt is not None:
            self._interrupt.ring()
        for sock in self._socks:
            sock.close()

    def _take(self, sock: socket.socket) -> Conn:
        raise NotImplementedError

    def _admitted(self, sock: socket.socket) -> Conn:
        conn = self._take(sock)
        if self.admits(conn.peer):
            return conn
        conn.close()
        raise ConnectionAbortedError

    def _wait(self, deadline: Deadline) -> socket.socket:
        self.check_open()
        descriptors = self.read_fds()
        if self._interrupt is not None:
            descriptors += (self._interrupt.fileno(),)
        try:
            if self._readable is None or self._readable.descriptors != descriptors:
                self._readable = Readable(descriptors)
            ready = self._readable.wait(deadline)
        except (OSError, ValueError):
            self.check_open()
            raise
        self.check_open()
        if not ready:
            self._timed_out()
        return next(sock for sock in self._socks if sock.fileno() == ready[0])

    def _timed_out(self) -> NoReturn:
        raise ListenError("accept", self.address, "timed out")
