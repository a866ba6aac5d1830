"""A connection through a codec that stays (TLS): a Conn again, blocking or not.

``recv`` raises TruncatedError for an end that may not be the end of the data.

One thread may receive while another one sends, as with a socket. So what the codec makes is put
into the queue while nobody else asks the codec, and one thread at a time sends from the queue:
records leave in the order in which they were made.

A send that raised BlockingIOError has to be tried again with the same data, as OpenSSL
has it: its bytes are encrypted already, and wait here.
"""

from __future__ import annotations

from _thread import allocate_lock
from collections.abc import Callable
from typing import Protocol

from ..core.deadline import Deadline
from ..layers.sendbuffer import SendBuffer
from .conn import StreamConn

#: Bytes of the wire that are read at once, and plain bytes that become one write.
READ = 256 * 1024
WRITE = 256 * 1024

#: Seconds that close() waits at most until the peer has read so much that the end can be sent.
CLOSING = 5.0


class Codec(Protocol):
    """What stands between the wire and the user."""

    #: Whether the peer will send nothing more.
    ended: bool
    #: Why nothing more can be received, if that is not an end in order.
    failure: OSError | None

    def receive(self, data: bytes, /) -> bytes:
        """Plain bytes from bytes of the wire; ``b""`` is the connection's end."""
        ...

    def send(self, data: bytes | memoryview, /) -> bytes:
        """Bytes of the wire for plain bytes."""
        ...

    def send_eof(self) -> bytes:
        """Bytes of the wire that end our direction."""
        ...

    def outgoing(self) -> bytes:
        """What has to be sent on its own account."""
        ...


class LayeredConn(StreamConn):
    """A connection through a codec.

    Arguments:
        conn: owned from now on.
        codec: between it and the user.
    """

    _keeps_time = False

    @property
    def layered(self) -> bool:
        """Always: the descriptor has the bytes of the wire."""
        return True

    def __init__(self, conn: StreamConn, codec: Codec) -> None:
        super().__init__(conn._sock, conn.local, conn.peer)
        self.codec = codec
        self._conn = conn
        self._plain = b""
        self._unsent = SendBuffer()
        #: Held while the codec or the queue is used, never while anything waits.
        self._using = allocate_lock()
        #: Held while the queue is sent.
        self._sending = allocate_lock()
        #: How much of the user's data waits in _unsent, of a send that has to be retried.
        self._taken: int | None = None
        self._eof_made = False
        #: Whether all that the user sent was acknowledged before our end was made.
        self._delivered = False

    def write_fd(self) -> int:
        """Return the descriptor to wait on before send."""
        return self._conn.write_fd()

    def settimeout(self, seconds: float | None) -> None:
        """How long recv and send wait: None for ever, 0 not at all (BlockingIOError)."""
        self._conn.settimeout(seconds)

    def hold(self, data: bytes) -> None:
        """Plain bytes that came already; recv returns them first."""
        self._plain += data

    def pending(self) -> bool:
        """Return whether recv returns something without waiting."""
        return bool(self._ahead) or self._has_plain()

    def _recv(self, size: int) -> bytes:
        while not self._has_plain():
            self._receive(self._conn.recv(READ))
        return self._taken_plain(size)

    def _recv_within(self, size: int, deadline: Deadline) -> bytes:
        # A part of a record gives nothing: waiting for the descriptor once is not enough.
        while not self._has_plain():
            self._receive(self._conn._recv_within(READ, deadline))
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
            # After the connection's end nobody reads an alert; it would earn an RST.
            if data and self._unsent:
                self._answer()

    def _taken_plain(self, size: int) -> bytes:
        if not self._plain and self.codec.failure is not None:
            raise self.codec.failure
        if len(self._plain) <= size:
            # As a whole: most of the time nothing has to be copied.
            whole, self._plain = self._plain, b""
            return whole
        piece, self._plain = self._plain[:size], self._plain[size:]
        return piece

    def send(self, data: bytes | memoryview) -> int:
        """Send what fits; returns how many plain bytes did. Raises OSError."""
        self._flush()
        if self._taken is not None:
            taken, self._taken = self._taken, None
            return taken
        piece = data[:WRITE]
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

        It is ended in the layer; FIN follows when the peer has ended too. Servers such as
        nginx answer to close_notify and wait; to close_notify with FIN they send RST.
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
            # A peer that has ended may have closed. If it had everything, nothing is lost.
            if not (self.codec.ended and self._delivered):
                raise

    def unacknowledged(self) -> int:
        """Bytes sent that the peer's kernel has not acknowledged. Raises OSError.

        An RST that only our own end can have caused loses nothing: the peer may have closed
        just before, and its FIN be unread yet.
        """
        if self._delivered:
            return 0
        counting = getattr(self._conn, "unacknowledged", None)
        return counting() if counting is not None else 0

    def break_off(self) -> None:
        """Let go, and do not say that this was the end: something is missing. Idempotent."""
        self._eof_made = True
        abort: Callable[[], None] = getattr(self._conn, "abort", self._conn.close)
        abort()

    def drop(self) -> None:
        """Let go, and do not say that this was the end: our data may be incomplete."""
        self._eof_made = True
        self._conn.close()

    def close(self) -> None:
        """Close; a peer that still listens receives the end. Idempotent.

        Of a connection that blocks, the end waits a moment (CLOSING) for what was sent before.
        """
        if not self._eof_made and self.fileno() != -1 and self._sending.acquire(False):
            self._eof_made = True
            try:
                # After a send that was cut off, nothing can be said to be the end.
                before = CLOSING if self.gettimeout() is None else self.gettimeout() or 0
                self.settimeout(0 if self._unsent else min(before, CLOSING))
                with self._using:
                    self._unsent.put(self.codec.send_eof())
                self._send_queue()
            except OSError:
                pass  # it is gone, or does not read: nobody is left to be told
            finally:
                self._sending.release()
        self._conn.close()

    def _answer(self) -> None:
        """Send what the layer has to say by itself, as far as it can be sent now."""
        if not self._sending.acquire(False):
            return  # by the thread that is sending
        try:
            self._send_queue()
        except (BlockingIOError, TimeoutError):
            pass  # with the next send
        finally:
            self._sending.release()

    def _flush(self) -> None:
        while self._unsent:
            with self._sending:
                self._send_queue()

    def _send_queue(self) -> None:
        while True:
            with self._using:
                head = self._unsent.next()
            if not head:
                return
            count = self._conn.send(head)
            with self._using:
                self._unsent.sent(count)
