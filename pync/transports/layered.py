"""A connection through a permanent codec (TLS, WebSocket): a Conn again, blocking or not.

``recv`` raises TruncatedError for an end that may not be the end of the data.

One thread may receive while another one sends, as with a socket. So a lock covers each use of the
codec together with the queue for its output, and another lock lets one thread at a time send from
the queue: records are sent in the order in which they were made.

A send that raised BlockingIOError must be tried again with the same data, as with OpenSSL: its
bytes are encrypted already, and wait here.
"""

from __future__ import annotations

from _thread import allocate_lock
from collections.abc import Callable

from ..core.deadline import Deadline
from ..core.typed import Protocol
from ..layers.sendbuffer import SendBuffer
from .conn import StreamConn

#: Bytes of the network that are read at once, and plain bytes of one write.
READ = 256 * 1024
WRITE = 256 * 1024

#: Seconds that close() waits at most until there is room to send the end.
CLOSING = 5.0


class Codec(Protocol):
    """A converter between the bytes of the network and the user's plain bytes."""

    #: Whether the peer will send nothing more.
    ended: bool
    #: The error after which nothing more can be received; None without one.
    failure: OSError | None

    def receive(self, data: bytes, /) -> bytes:
        """Return the plain bytes for bytes of the network; ``b""`` is the connection's end."""

    def send(self, data: bytes | memoryview, /) -> bytes:
        """Return the bytes of the network for plain bytes."""

    def send_eof(self) -> bytes:
        """Return the bytes of the network that end our direction."""

    def outgoing(self) -> bytes:
        """Return the bytes that the codec itself has to send."""


class LayeredConn(StreamConn):
    """A connection through a codec.

    Arguments:
        conn: owned by this object.
        codec: converts its bytes.
    """

    _keeps_time = False

    #: Bytes of the wire that are read at once, and plain ones that are sent at once (None: any).
    _read_size = READ
    _write_size: int | None = WRITE

    @property
    def layered(self) -> bool:
        """True: the descriptor's bytes are encoded."""
        return True

    def __init__(self, conn: StreamConn, codec: Codec) -> None:
        super().__init__(conn._sock, conn.local, conn.peer)
        self.codec = codec
        self.times = conn.times
        self._conn = conn
        self._plain = b""
        self._unsent = SendBuffer()
        #: Held while the codec or the queue is used, never during a wait.
        self._using = allocate_lock()
        #: Held while the queue is sent.
        self._sending = allocate_lock()
        #: How many of the user's bytes wait in _unsent because of a send that must be retried.
        self._taken: int | None = None
        self._eof_made = False
        #: Whether all the user's bytes were acknowledged before our end was sent.
        self._delivered = False

    def write_fd(self) -> int:
        """Return the descriptor to wait on before send."""
        return self._conn.write_fd()

    def settimeout(self, seconds: float | None) -> None:
        """Set how long recv and send wait: None for ever, 0 not at all (BlockingIOError)."""
        self._conn.settimeout(seconds)

    def hold(self, data: bytes) -> None:
        """Add plain bytes that were received already; recv returns them first."""
        self._plain += data

    def pending(self) -> bool:
        """Return whether recv returns something without waiting."""
        return bool(self._ahead) or self._has_plain()

    def _recv(self, size: int) -> bytes:
        while not self._has_plain():
            self._receive(self._conn.recv(self._read_size))
        return self._taken_plain(size)

    def _recv_within(self, size: int, deadline: Deadline) -> bytes:
        # A part of a record has no plain bytes yet: one wait for the descriptor is not enough.
        while not self._has_plain():
            self._receive(self._conn._recv_within(self._read_size, deadline))
        return self._taken_plain(size)

    def _has_plain(self) -> bool:
        return bool(self._plain) or self.codec.ended or self.codec.failure is not None

    def _receive(self, data: bytes) -> None:
        try:
            with self._using:
                self._plain = self.codec.receive(data)
        finally:
            with self._using:
                answer = self.codec.outgoing()
                if data:
                    self._unsent.put(answer)
            # Do not send an alert after the connection's end: it would cause an RST.
            if data and self._unsent:
                self._answer()

    def _taken_plain(self, size: int) -> bytes:
        if not self._plain and self.codec.failure is not None:
            raise self.codec.failure
        if len(self._plain) <= size:
            # Return all: in most cases nothing has to be copied.
            whole, self._plain = self._plain, b""
            return whole
        piece, self._plain = self._plain[:size], self._plain[size:]
        return piece

    def send(self, data: bytes | memoryview) -> int:
        """Send what fits; return how many plain bytes did. Raises OSError."""
        self._flush()
        if self._taken is not None:
            taken, self._taken = self._taken, None
            return taken
        piece = data if self._write_size is None else data[: self._write_size]
        with self._using:
            self._unsent.put(self.codec.send(piece))
        try:
            self._flush()
        except BlockingIOError:
            self._taken = len(piece)
            raise
        return len(piece)

    def _send_all(self, data: bytes) -> None:
        self._send_pieces(data)

    def send_eof(self) -> None:
        """End our direction. Raises OSError.

        Only the layer's end is sent; FIN follows when the peer has ended too. Servers such as
        nginx answer close_notify and wait; they answer close_notify with FIN by RST.
        """
        if not self._eof_made:
            self._eof_made = True
            self._delivered = not self._unsent and self.unacknowledged() == 0
            with self._using:
                self._unsent.put(self.codec.send_eof())
        try:
            self._flush()
            if self.codec.ended:
                self._conn.send_eof()
        except BlockingIOError:
            raise
        except OSError:
            # A peer that has ended may have closed. If it has all our bytes, nothing is lost.
            if not (self.codec.ended and self._delivered):
                raise

    def unacknowledged(self) -> int:
        """Return the sent bytes that the peer's kernel has not acknowledged. Raises OSError.

        An RST that only our own end can have caused loses nothing: the peer may have closed
        just before, and we may not have read its FIN yet.
        """
        if self._delivered:
            return 0
        counting = getattr(self._conn, "unacknowledged", None)
        return counting() if counting is not None else 0

    def break_off(self) -> None:
        """Close by RST without the layer's end, as bytes are missing. Idempotent."""
        self._eof_made = True
        if isinstance(self._conn, LayeredConn):
            self._conn.break_off()
            return
        abort: Callable[[], None] = getattr(self._conn, "abort", self._conn.close)
        abort()

    def drop(self) -> None:
        """Close without the layer's end, as our data may be incomplete."""
        self._eof_made = True
        self._conn.drop()

    def close(self) -> None:
        """Close; a peer that still reads receives the layer's end. Idempotent.

        On a blocking connection, the end waits up to CLOSING seconds for the bytes before it.
        """
        if not self._eof_made and self.fileno() != -1 and self._sending.acquire(False):
            self._eof_made = True
            try:
                # After an incomplete send, the end must not be sent.
                before = CLOSING if self.gettimeout() is None else self.gettimeout() or 0
                self.settimeout(0 if self._unsent else min(before, CLOSING))
                with self._using:
                    self._unsent.put(self.codec.send_eof())
                self._send_queue()
            except OSError:
                pass  # the peer has closed, or does not read
            finally:
                self._sending.release()
        elif self._unsent and self.fileno() != -1:
            try:
                self._answer()  # the end, for which there was no room
            except OSError:
                pass
        self._conn.close()

    def _answer(self) -> None:
        """Send the layer's own bytes, as far as possible without waiting."""
        if not self._sending.acquire(False):
            return  # the thread that is sending will send them
        try:
            self._send_queue()
        except (BlockingIOError, TimeoutError):
            pass  # the next send will send them
        finally:
            self._sending.release()

    def _flush(self) -> None:
        while self._unsent:
            with self._sending:
                self._send_queue()

    def _send_queue(self) -> None:
        self._repeat_in_time(self._send_some)

    def _send_some(self) -> bool:
        """Send what fits of the queue; return whether more waits."""
        with self._using:
            head = self._unsent.next()
        if not head:
            return False
        count = self._conn.send(head)
        with self._using:
            self._unsent.sent(count)
            return bool(self._unsent)
