"""What every connection and every listener can do, on top of a socket.

Knows nothing of names or of how a connection came about. ``recv`` returns ``b""`` at
EOF and only then; a datagram connection has no EOF.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn

from ..core.address import Address
from ..core.closing import Closing
from ..core.deadline import Deadline
from ..core.errors import ListenError, cause_of
from ..waiting.readiness import Readable
from . import everyone

if TYPE_CHECKING:
    from typing_extensions import Self

#: SO_LINGER on, zero seconds: close sends RST (RFC 9293 3.10.4, ABORT).
_ABORT = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)

#: ioctl that tells how many bytes the peer has not acknowledged (tcp(7), SIOCOUTQ).
_SIOCOUTQ = 0x5411


class Conn:
    """A connection over a socket.

    Arguments:
        sock: owned from now on.
        local: our address.
        peer: the other side's address.
    """

    #: Each read is one datagram, each write sends one.
    datagram = False

    #: Whether a layer stands between the descriptor and what recv and send speak of.
    layered = False

    def __init__(self, sock: socket.socket, local: Address, peer: Address) -> None:
        self.local = local
        self.peer = peer
        self._sock = sock

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.drop()

    def __repr__(self) -> str:
        state = " closed" if self.fileno() == -1 else ""
        return f"<{type(self).__name__} {self.local} -> {self.peer}{state}>"

    def fileno(self) -> int:
        """The descriptor, for reading and for writing; -1 when it is closed."""
        return self._sock.fileno()

    @property
    def socket(self) -> socket.socket:
        """The socket, for its options; the connection still owns it."""
        return self._sock

    def read_fds(self) -> tuple[int, ...]:
        """The descriptors to wait on before recv."""
        return (self._sock.fileno(),)

    def write_fd(self) -> int:
        """The descriptor to wait on before send."""
        return self._sock.fileno()

    def settimeout(self, seconds: float | None) -> None:
        """How long recv and send wait: None for ever, 0 not at all (BlockingIOError)."""
        self._sock.settimeout(seconds)

    def gettimeout(self) -> float | None:
        """What settimeout set, in seconds."""
        return self._sock.gettimeout()

    def recv(self, size: int) -> bytes:
        """Up to ``size`` bytes; ``b""`` at EOF. Raises OSError."""
        return self._sock.recv(size)

    def send(self, data: bytes | memoryview) -> int:
        """Send what fits; returns how many bytes did. Raises OSError."""
        return self._sock.send(data)

    def send_all(self, data: bytes) -> None:
        """Send everything. Raises OSError."""
        self._sock.sendall(data)

    def drop(self) -> None:
        """Let go before the end: a layer that marks the end (TLS) does not. Idempotent."""
        self.close()

    def close(self) -> None:
        """Let go; idempotent."""
        self._sock.close()


class StreamConn(Conn):
    """A stream, whose two directions end one by one."""

    def send_eof(self) -> None:
        """End our direction (FIN); the other goes on. Raises OSError."""
        self._sock.shutdown(socket.SHUT_WR)

    def keep_alive(self) -> None:
        """Let the kernel see now and then that the peer is still there (RFC 9293 3.8.4)."""
        try:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        except OSError:
            pass  # reset already; reading tells


class TcpConn(StreamConn):
    """A TCP connection (RFC 9293)."""

    def abort(self) -> None:
        """Close by RST: pending data is dropped and the peer sees an error."""
        if self._sock.fileno() != -1:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
        self.close()

    def send_urgent(self, data: bytes) -> None:
        """Send bytes, the last of them as urgent data (RFC 6093). Raises OSError."""
        self._sock.send(data, socket.MSG_OOB)

    def take_urgent_inline(self) -> None:
        """Leave urgent bytes where they stand among the others, or recv would skip them."""
        try:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
        except OSError:
            pass  # reset already; reading tells

    def unacknowledged(self) -> int:
        """Bytes sent that the peer has not acknowledged; 0 where nobody can tell.

        Raises OSError when the connection has broken.
        """
        error = self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error))
        if not sys.platform.startswith("linux"):
            return 0
        import fcntl

        answer = fcntl.ioctl(self._sock.fileno(), _SIOCOUTQ, b"\0\0\0\0")
        return int(struct.unpack("i", answer)[0])


class Listener(Closing):
    """One or more listening sockets that are accepted from as if they were one.

    Arguments:
        socks: bound and listening; owned from now on.
        addresses: where they listen, in the same order.
    """

    def __init__(self, socks: list[socket.socket], addresses: list[Address]) -> None:
        self._socks = socks
        self._readable: Readable | None = None
        self.addresses = addresses
        #: Whether a peer may connect; one that may not is closed silently.
        self.admits: Callable[[Address], bool] = everyone

    @property
    def address(self) -> Address:
        """The first of the addresses."""
        return self.addresses[0]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {', '.join(map(str, self.addresses))}>"

    def accept(self, timeout: float | None = None) -> StreamConn | Any:
        """The next connection; of most listeners it is a StreamConn.

        Arguments:
            timeout: seconds; None waits for ever.
        Raises ListenError, which is a TimeoutError when the time is over.
        """
        deadline = Deadline(timeout)
        while True:
            sock = self._wait(deadline)
            try:
                return self._admitted(sock)
            except (BlockingIOError, ConnectionError):
                # Its client reset it while it was waiting: there is nobody to serve.
                continue
            except OSError as error:
                raise ListenError("accept", self.address, cause_of(error)) from None

    def read_fds(self) -> tuple[int, ...]:
        """The descriptors to wait on before take_nowait."""
        return tuple(sock.fileno() for sock in self._socks)

    def take_nowait(self) -> Conn | None:
        """The next connection, or None when none waits. Raises OSError (EMFILE)."""
        for sock in list(self._socks):
            try:
                return self._admitted(sock)
            except (BlockingIOError, ConnectionError):
                continue
        return None

    def close_for_others(self) -> None:
        """Take no more connections, while the accepted one goes on."""
        for sock in self._socks:
            sock.close()

    def close(self) -> None:
        """Stop listening; idempotent."""
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
        descriptors = self.read_fds()
        if self._readable is None or self._readable.descriptors != descriptors:
            self._readable = Readable(descriptors)
        ready = self._readable.wait(deadline)
        if not ready:
            self._timed_out()
        return next(sock for sock in self._socks if sock.fileno() == ready[0])

    def _timed_out(self) -> NoReturn:
        raise ListenError("accept", self.address, "timed out")
