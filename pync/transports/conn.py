"""What every connection can do, on top of a socket.

It does not look up names, dial or accept. ``recv`` returns ``b""`` at EOF and only then; a
datagram connection has no EOF. A subclass receives in ``_recv``; bytes that were read ahead
(reading.py) are returned first.
"""

from __future__ import annotations

import os
import sys

from ..core.address import Address
from ..core.deadline import Deadline
from ..core.times import UNTIMED
from ..core.typed import TYPE_CHECKING
from ..waiting.readiness import Readable
from .plainsocket import socket
from .reading import Reading

if TYPE_CHECKING:
    from types import EllipsisType, TracebackType

    from typing_extensions import Self

    from ..core.readahead import ReadAhead

#: SO_LINGER on, zero seconds: close sends RST (RFC 9293 3.10.4, ABORT).
_INT = 2 if os.name == "nt" else 4
_ABORT = (1).to_bytes(_INT, sys.byteorder) + bytes(_INT)

#: Bytes that recv asks for by default.
READ = 64 * 1024

#: The ioctl for the number of bytes that the peer has not acknowledged (tcp(7), SIOCOUTQ).
_SIOCOUTQ = 0x5411


class Conn:
    """A connection over a socket.

    Arguments:
        sock: owned by this object.
        local: our address.
        peer: the other side's address.
    """

    #: Whether each read is one datagram, and each write sends one.
    datagram = False

    #: Whether recv and send only call the socket, unless bytes were read ahead.
    _is_bare = False

    #: How long each step of connecting took.
    times = UNTIMED

    #: The bytes that were read from a stream and not returned yet.
    _ahead: ReadAhead | None = None

    #: The poll object for the waits of recv.
    _readable: Readable | None = None

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

    @property
    def layered(self) -> bool:
        """Whether the descriptor's bytes are not those of recv and send."""
        return bool(self._ahead)

    @property
    def is_plain(self) -> bool:
        """Whether the next recv and send are those of a stream's socket, and of nothing else."""
        return self._is_bare and not self.layered

    @property
    def ended(self) -> bool:
        """Whether a datagram connection has received EOF; only DTLS has one."""
        return False

    def fileno(self) -> int:
        """Return the descriptor, for reading and for writing; -1 when it is closed."""
        return self._sock.fileno()

    @property
    def socket(self) -> socket.socket:
        """The socket, for its options; the connection still owns it."""
        return self._sock

    def read_fds(self) -> tuple[int, ...]:
        """Return the descriptors to wait on before recv."""
        return (self._sock.fileno(),)

    def write_fd(self) -> int:
        """Return the descriptor to wait on before send."""
        return self._sock.fileno()

    def settimeout(self, seconds: float | None) -> None:
        """Set how long recv and send wait: None for ever, 0 not at all (BlockingIOError)."""
        if self._sock.gettimeout() != seconds:  # (setting it is a system call, asking is not)
            self._sock.settimeout(seconds)

    def gettimeout(self) -> float | None:
        """Return what settimeout has set, in seconds."""
        return self._sock.gettimeout()

    def recv(self, size: int = READ, timeout: float | EllipsisType | None = ...) -> bytes:
        """Return up to ``size`` bytes; ``b""`` at EOF.

        Arguments:
            timeout: seconds; None: for ever; not given: the value of settimeout.
        Raises OSError; TimeoutError when the time is over.
        """
        if self._ahead:
            return self._ahead.take(size)
        if timeout is ...:
            return self._recv(size)
        return self._recv_within(size, Deadline(timeout))

    def send(self, data: bytes | memoryview) -> int:
        """Send what fits; return how many bytes did. Raises OSError."""
        return self._sock.send(data)

    def send_all(self, data: bytes, timeout: float | EllipsisType | None = ...) -> None:
        """Send everything.

        Arguments:
            timeout: seconds for all of it; None: for ever; not given: the value of settimeout.
        Raises OSError. How much was sent is unknown then.
        """
        if timeout is ...:
            self._send_all(data)
            return
        before = self.gettimeout()
        self.settimeout(timeout)
        try:
            self._send_all(data)
        finally:
            self.settimeout(before)

    def send_line(
        self, line: bytes, end: bytes = b"\n", timeout: float | EllipsisType | None = ...
    ) -> None:
        """Send a line and its end. Raises OSError."""
        self.send_all(line + end, timeout)

    def drop(self) -> None:
        """Close without marking the end of the data, where a layer does so (TLS). Idempotent."""
        self.close()

    def close(self) -> None:
        """Close the connection; idempotent."""
        self._sock.close()

    def _recv(self, size: int) -> bytes:
        return self._sock.recv(size)

    def _recv_within(self, size: int, deadline: Deadline) -> bytes:
        while True:
            # (On a closed connection, _recv() raises the error.)
            if self.fileno() != -1 and not self._wait_readable(deadline):
                raise TimeoutError("timed out")
            try:
                return self._recv(size)
            except BlockingIOError:
                continue  # the kernel has dropped the data that woke us

    def _wait_readable(self, deadline: Deadline) -> bool:
        descriptors = self.read_fds()
        if self._readable is None or self._readable.descriptors != descriptors:
            self._readable = Readable(descriptors)
        return bool(self._readable.wait(deadline))

    def _send_all(self, data: bytes) -> None:
        self._sock.sendall(data)


class StreamConn(Conn, Reading):
    """A stream, whose two directions end separately."""

    def send_eof(self) -> None:
        """End our direction (FIN); the other one stays open. Raises OSError."""
        self._sock.shutdown(socket.SHUT_WR)

    def keep_alive(self) -> None:
        """Let the kernel check at intervals that the peer still exists (RFC 9293 3.8.4)."""
        try:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        except OSError:
            pass  # reset already; the next read raises the error


class TcpConn(StreamConn):
    """A TCP connection (RFC 9293)."""

    _is_bare = True

    def abort(self) -> None:
        """Close by RST: pending data is dropped and the peer sees an error."""
        if self._sock.fileno() != -1:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
        self.close()

    def send_urgent(self, data: bytes) -> None:
        """Send bytes, the last of them as urgent data (RFC 6093). Raises OSError."""
        self._sock.send(data, socket.MSG_OOB)

    def take_urgent_inline(self) -> None:
        """Receive urgent bytes in their place among the others; otherwise recv would skip them."""
        try:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
        except OSError:
            pass  # reset already; the next read raises the error

    def unacknowledged(self) -> int:
        """Return the sent bytes that the peer has not acknowledged; 0 where it is unknown.

        Raises OSError when the connection has broken.
        """
        error = self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            raise OSError(error, os.strerror(error))
        if sys.platform != "linux":
            return 0
        import fcntl

        answer = fcntl.ioctl(self._sock.fileno(), _SIOCOUTQ, b"\0\0\0\0")
        return int.from_bytes(answer, sys.byteorder)
