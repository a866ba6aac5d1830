"""What every connection can do, on top of a socket.

Knows nothing of names or of how a connection came about. ``recv`` returns ``b""`` at
EOF and only then; a datagram connection has no EOF. A kind of connection says how it receives in
``_recv``; what was read ahead (reading.py) comes before that.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
from types import EllipsisType, TracebackType
from typing import TYPE_CHECKING

from ..core.address import Address
from ..core.deadline import Deadline
from ..waiting.readiness import Readable
from .reading import Reading

if TYPE_CHECKING:
    from typing_extensions import Self

    from ..core.readahead import ReadAhead

#: SO_LINGER on, zero seconds: close sends RST (RFC 9293 3.10.4, ABORT).
_ABORT = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)

#: Bytes that recv asks for, unless it is told.
READ = 64 * 1024

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

    #: What was read from a stream and not taken yet.
    _ahead: ReadAhead | None = None

    #: What a wait of recv waits with.
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
        """Whether something stands between the descriptor and what recv and send speak of."""
        return bool(self._ahead)

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
        """How long recv and send wait: None for ever, 0 not at all (BlockingIOError)."""
        if self._sock.gettimeout() != seconds:  # (setting it is a system call, asking is not)
            self._sock.settimeout(seconds)

    def gettimeout(self) -> float | None:
        """What settimeout set, in seconds."""
        return self._sock.gettimeout()

    def recv(self, size: int = READ, timeout: float | EllipsisType | None = ...) -> bytes:
        """Up to ``size`` bytes; ``b""`` at EOF.

        Arguments:
            timeout: seconds; None for ever; not given: as settimeout has it.
        Raises OSError; TimeoutError when the time is over.
        """
        if self._ahead:
            return self._ahead.take(size)
        if isinstance(timeout, EllipsisType):
            return self._recv(size)
        return self._recv_within(size, Deadline(timeout))

    def send(self, data: bytes | memoryview) -> int:
        """Send what fits; returns how many bytes did. Raises OSError."""
        return self._sock.send(data)

    def send_all(self, data: bytes, timeout: float | EllipsisType | None = ...) -> None:
        """Send everything.

        Arguments:
            timeout: seconds for all of it; None for ever; not given: as settimeout has it.
        Raises OSError. Nobody knows how much was sent then.
        """
        if isinstance(timeout, EllipsisType):
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
        """Let go before the end: a layer that marks the end (TLS) does not. Idempotent."""
        self.close()

    def close(self) -> None:
        """Let go; idempotent."""
        self._sock.close()

    def _recv(self, size: int) -> bytes:
        return self._sock.recv(size)

    def _recv_within(self, size: int, deadline: Deadline) -> bytes:
        while True:
            # (A closed one says so itself.)
            if self.fileno() != -1 and not self._wait_readable(deadline):
                raise TimeoutError("timed out")
            try:
                return self._recv(size)
            except BlockingIOError:
                continue  # the kernel has dropped what came

    def _wait_readable(self, deadline: Deadline) -> bool:
        descriptors = self.read_fds()
        if self._readable is None or self._readable.descriptors != descriptors:
            self._readable = Readable(descriptors)
        return bool(self._readable.wait(deadline))

    def _send_all(self, data: bytes) -> None:
        self._sock.sendall(data)


class StreamConn(Conn, Reading):
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
