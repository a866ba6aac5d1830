"""WebSocket over TCP, with or without TLS: the connection, and the parameters of its handshake.

upgrading.py runs the handshakes.
"""

from __future__ import annotations

from collections.abc import Callable
from types import EllipsisType

from ..core.broken import WebSocketFailure
from ..core.deadline import Deadline
from ..core.typed import TYPE_CHECKING, NamedTuple
from ..layers.handshake import Handshake
from .conn import StreamConn
from .layered import READ, LayeredConn

if TYPE_CHECKING:
    from ..layers.websocket import Fragment, Framing, WebSocketCodec
    from ..layers.websocket_handshake import Agreed, Offer, Wish

#: The default seconds for an opening handshake.
HANDSHAKE_TIMEOUT = 10.0

#: Bytes of the network to read at once with compression: a byte can expand to a thousand bytes.
READ_DEFLATED = 16 * 1024

#: Bytes that may wait for a peer that does not read, before its pings are no longer answered.
MOST_ANSWERS = 64 * 1024

#: The limit of bytes of a message that is kept whole.
LARGEST = 16 * 1024 * 1024

#: A function that is called with the code and the reason of the close.
Told = Callable[[int, str], None]


class Upgrade(NamedTuple):
    """How a connection becomes a WebSocket.

    ``how``: a client's request, or the clients that a listener accepts. ``ping_interval``: seconds
    between two pings; None: send none. ``timeout``: seconds for the handshake.
    """

    how: Wish | Offer
    framing: Framing
    ping_interval: float | None = None
    timeout: float = HANDSHAKE_TIMEOUT

    def begin(self) -> Handshake[Agreed]:
        """Return the handshake of a client or a listener."""
        from ..layers.websocket_handshake import Wish, answer, ask

        return ask(self.how) if isinstance(self.how, Wish) else answer(self.how)

    def finish(self, conn: StreamConn, agreed: Agreed) -> WebSocketConn:
        """Return the WebSocket after the handshake; it owns ``conn``."""
        from ..layers.websocket import WebSocketCodec

        codec = WebSocketCodec(agreed.connection, self.framing)
        return WebSocketConn(conn, codec, agreed, self.ping_interval)


class WebSocketConn(LayeredConn):
    """A connection over a WebSocket.

    Arguments:
        conn: owned by this object.
        codec: that of the open WebSocket.
        agreed: the result of the handshake.
        ping_interval: seconds between two pings, where the engine sends them.
    """

    codec: WebSocketCodec

    def __init__(
        self,
        conn: StreamConn,
        codec: WebSocketCodec,
        agreed: Agreed,
        ping_interval: float | None = None,
    ) -> None:
        super().__init__(conn, codec)
        self.agreed = agreed
        self.ping_interval = ping_interval
        #: Called once, at the close.
        self.told: Told | None = None
        #: Called when our Close frame is sent.
        self.said_close: Callable[[], None] | None = None
        self._heard = False
        self._read_size = READ_DEFLATED if agreed.deflate else READ
        if codec.whole_writes:
            self._write_size = None

    @property
    def inner(self) -> StreamConn:
        """The connection of the frames: TLS, or the plain one."""
        return self._conn

    def pending(self) -> bool:
        """Return whether recv returns something without waiting."""
        if super().pending():
            return True
        holds: Callable[[], bool] | None = getattr(self._conn, "pending", None)
        return holds is not None and holds()

    def send(self, data: bytes | memoryview) -> int:
        """Send what fits; return how many bytes did. Raises OSError."""
        try:
            return super().send(data)
        except WebSocketFailure:
            with self._using:
                self._unsent.put(self.codec.outgoing())
            self._answer()
            raise

    def send_message(self, message: str | bytes) -> None:
        """Send a message, text or binary. Raises OSError."""
        with self._using:
            self._unsent.put(self.codec.send_message(message))
        self._flush()

    def recv_message(self, timeout: float | EllipsisType | None = ...) -> str | bytes | None:
        """Return the next message, text as a str; None after a normal close.

        Arguments:
            timeout: seconds; None for ever; not given: that of settimeout.
        Raises OSError; TimeoutError when the time is over.
        """
        deadline = None if isinstance(timeout, EllipsisType) else Deadline(timeout)
        while not (self.codec.messages or self._has_plain()):
            if deadline is None:
                self._receive(self._conn.recv(self._read_size))
            else:
                self._receive(self._conn._recv_within(self._read_size, deadline))
        if self.codec.messages and not self._plain:
            return self.codec.messages.popleft()
        # The rest of a message of which recv() has returned a part, or the end.
        return self._taken_plain(LARGEST) or None

    @property
    def passes_on(self) -> bool:
        """Whether messages are passed on as they are, if the other side is a WebSocket too."""
        return self.codec.passes_on

    @property
    def holds(self) -> bool:
        """Whether bytes wait until the peer reads."""
        return bool(self._unsent)

    def recv_fragments(self) -> list[Fragment]:
        """Return the parts of messages that have arrived; none at the end. Raises OSError.

        A close with any code is an end, as the code can be passed on.
        """
        codec = self.codec
        if codec.fragments is None:
            codec.fragments = []
        while not codec.fragments:
            if codec.ended:
                return []
            if codec.failure is not None:
                raise codec.failure
            self._receive(self._conn.recv(self._read_size))
        taken, codec.fragments = codec.fragments, []
        return taken

    def put_fragment(self, data: str | bytes, *, finished: bool) -> None:
        """Add a part of a message to what flush() sends."""
        with self._using:
            self._unsent.put(self.codec.send_fragment(data, finished=finished))

    def flush(self) -> None:
        """Send what waits. Raises OSError."""
        self._flush()

    def ping(self, *, answered: bool = False) -> None:
        """Send a ping, without waiting; recv fails if the last ping was not answered.

        Arguments:
            answered: whether to treat the last ping as answered: its pong may not be read yet.
        """
        with self._using:
            if self.codec.awaits_pong and not answered:
                self.codec.give_up("the peer does not answer a ping")
            self._unsent.put(self.codec.ping() + self.codec.outgoing())
        self._answer()

    def send_eof(self) -> None:
        """Send a Close frame; the peer answers by its own. Raises OSError."""
        super().send_eof()
        if self.said_close is not None:
            self.said_close()

    def stop_waiting(self) -> None:
        """Treat the peer as gone if it was silent since the last call of this method."""
        if not self._heard:
            with self._using:
                self.codec.stop_waiting()
            self._tell()
        self._heard = False

    def drop(self) -> None:
        """Close with a Close frame for incomplete data (1001). Idempotent."""
        if not self._eof_made and self.fileno() != -1:
            self._eof_made = True
            with self._using:
                self._unsent.put(self.codec.leave())
            self.settimeout(0)
            self._answer()
        super().drop()

    def _has_plain(self) -> bool:
        # (In a stream, an empty message has no bytes, and is not the end.)
        return super()._has_plain() or any(self.codec.messages)

    def _taken_plain(self, size: int) -> bytes:
        while self.codec.messages and not self._plain:
            message = self.codec.messages.popleft()
            self._plain = message.encode() if isinstance(message, str) else message
        return super()._taken_plain(size)

    def _receive(self, data: bytes) -> None:
        self._heard = True
        self.codec.is_full = len(self._unsent) > MOST_ANSWERS
        super()._receive(data)
        self._tell()

    def _tell(self) -> None:
        told, code = self.told, self.codec.close_code
        if told is not None and code is not None:
            self.told = None
            told(code, self.codec.close_reason)

    def _answer(self) -> None:
        try:
            super()._answer()
        except OSError:
            pass  # the peer is gone: the next read raises the error
