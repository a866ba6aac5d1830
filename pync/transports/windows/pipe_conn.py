r"""Connections over named pipes, and our words for Windows' errors.

Each connection has two pumps, one for each direction, because a pipe cannot be selected. A
pipe of bytes cannot be half-closed: its connection has no send_eof. A pipe of messages can, by
an empty message, as Docker does it; then each recv, and each send, is one message.
"""

from __future__ import annotations

from collections import deque

from ...core.address import Address
from ...core.errors import NO_PIPE, PIPE_BUSY
from ...core.typed import TYPE_CHECKING
from ...layers.frames import Frames, pack
from ...layers.sendbuffer import SendBuffer
from ..conn import Conn, StreamConn
from ..pump import Inlet, Outlet
from ..reading import Reading

if TYPE_CHECKING:
    from .pipe_calls import Pipe

#: Seconds that a peer has to read the last bytes after our close.
LINGER = 5.0


#: Bytes of one read of a pump's socket.
_READ = 64 * 1024


#: Our words for Windows' error numbers (winerror.h).
_CAUSES = {
    2: NO_PIPE,
    3: NO_PIPE,
    5: "access denied",
    53: "no such host",
    87: "it is a pipe of bytes, not of messages",
    123: "that is not a valid pipe name",
    231: PIPE_BUSY,
}


def system_name(address: Address) -> str:
    r"""Return Windows' name of a pipe: ``\\.\pipe\NAME``; one of another machine is kept as is."""
    return address.path if address.path.startswith("\\\\") else f"\\\\.\\pipe\\{address.path}"


def cause_of(error: OSError) -> str:
    """Return the cause of Windows' error in lower case, for the end of an error line."""
    known = _CAUSES.get(number_of(error))
    return known or (error.strerror or str(error)).rstrip(".").lower()


def number_of(error: OSError) -> int:
    """Return Windows' number of an error; 0 if it has none."""
    return getattr(error, "winerror", None) or 0


def connection(pipe: Pipe, address: Address, *, accepted: bool) -> PipeConn:
    """Return the connection over a pipe, according to its mode."""
    return (MessagePipeConn if pipe.messages else PipeConn)(pipe, address, accepted=accepted)


class PipeConn(Conn, Reading):
    """A connection over a pipe of bytes.

    Arguments:
        pipe: owned by this object.
        address: the pipe's address, which stands for both ends.
        accepted: whether our end is the server's.
    """

    def __init__(self, pipe: Pipe, address: Address, *, accepted: bool) -> None:
        self._pipe = pipe
        self._accepted = accepted
        self._ends = False
        self._inlet = Inlet(self._read, pipe.let_go)
        self._outlet = Outlet(self._write, self._written)
        super().__init__(self._inlet.sock, address, address)

    def write_fd(self) -> int:
        """Return the descriptor to wait on before send."""
        return self._outlet.sock.fileno()

    def settimeout(self, seconds: float | None) -> None:
        """Set how long recv and send wait: None for ever, 0 not at all (BlockingIOError)."""
        self._inlet.sock.settimeout(seconds)
        self._outlet.sock.settimeout(seconds)

    def send(self, data: bytes | memoryview) -> int:
        """Send what fits; return how many bytes did. Raises OSError."""
        return self._outlet.send(data)

    def unacknowledged(self) -> int:
        """Return the sent bytes that are not in the pipe yet. Raises OSError if it is broken."""
        return self._outlet.waiting()

    def peer_process(self) -> int | None:
        """Return the process at the other end; None if Windows does not tell."""
        from .pipe_access import peer_process

        found: int | None = peer_process(self._pipe.handle, accepted=self._accepted)
        return found

    def close(self) -> None:
        """Close; bytes sent before are still delivered to a peer that reads. Idempotent."""
        self._pipe.leave_within(LINGER)
        self._pipe.stop_reading()
        self._inlet.close()
        self._outlet.close()

    def _recv(self, size: int) -> bytes:
        return self._inlet.recv(size)

    def _send_all(self, data: bytes) -> None:
        self._send_pieces(data)

    # Methods that the pumps call, in their threads.

    def _read(self) -> bytes:
        data: bytes = self._pipe.read()
        return data

    def _write(self, data: bytes) -> None:
        try:
            self._pipe.write(data)
        except OSError as error:
            raise _as_broken(error) from None

    def _written(self) -> None:
        try:
            if self._ends:
                self._pipe.write(b"")
        except OSError:
            pass  # the peer has closed first
        finally:
            self._pipe.let_go()


class MessagePipeConn(PipeConn, StreamConn):
    """A connection over a pipe of messages; an empty one ends a direction."""

    _keeps_time = False

    def __init__(self, pipe: Pipe, address: Address, *, accepted: bool) -> None:
        self._incoming, self._outgoing = Frames(), Frames()
        self._messages: deque[bytes] = deque()
        self._unsent = SendBuffer()
        #: The size of a message that is partly sent, whose send must be retried.
        self._taken: int | None = None
        super().__init__(pipe, address, accepted=accepted)

    def pending(self) -> bool:
        """Return whether recv returns something without waiting."""
        return bool(self._ahead) or bool(self._messages)

    def _recv(self, size: int) -> bytes:  # noqa: ARG002 - a message is whole
        while not self._messages:
            data = self._inlet.recv(_READ)
            if not data:
                return b""
            self._messages.extend(self._incoming.take(data))
        return self._messages.popleft()

    def send(self, data: bytes | memoryview) -> int:
        """Send one message; return its size. Raises OSError.

        After BlockingIOError, the same message must be sent again: it is partly sent.
        """
        self._flush()
        if self._taken is not None:
            taken, self._taken = self._taken, None
            return taken
        if not data:
            return 0  # an empty message would be our end
        self._unsent.put(pack(data))
        try:
            self._flush()
        except (BlockingIOError, TimeoutError):
            self._taken = len(data)
            raise
        return len(data)

    def send_eof(self) -> None:
        """End our direction by an empty message; the other stays open. Raises OSError."""
        self._flush()
        self._ends = True
        self._outlet.send_eof()

    def keep_alive(self) -> None:
        """Do nothing: the system reports it when the other end of a pipe is gone."""

    def _flush(self) -> None:
        if self._unsent:
            self._repeat_in_time(self._send_some)

    def _send_some(self) -> bool:
        self._unsent.sent(self._outlet.send(self._unsent.next()))
        return bool(self._unsent)

    def _read(self) -> bytes:
        message = super()._read()
        return pack(message) if message else b""

    def _write(self, data: bytes) -> None:
        for message in self._outgoing.take(data):
            super()._write(message)


def _as_broken(error: OSError) -> OSError:
    """Return the error that a socket would raise for this error of a write."""
    import errno
    import os

    from .pipe_calls import ERROR_BROKEN_PIPE, ERROR_NO_DATA, ERROR_PIPE_NOT_CONNECTED

    if number_of(error) in (ERROR_BROKEN_PIPE, ERROR_NO_DATA, ERROR_PIPE_NOT_CONNECTED):
        return BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))
    return error
