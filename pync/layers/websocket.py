"""WebSocket (RFC 6455) as a layer: frames on the network's side, a stream of bytes on the other.

``wsproto`` handles the frames; this module does no I/O. A Framing describes the conversion between
stream and messages. A WebSocket has no half-close: the end of our direction is a Close frame, which
the peer answers by its own; data that it sends before that is still received.
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections import deque

from wsproto.connection import Connection, ConnectionState
from wsproto.events import BytesMessage, CloseConnection, Message, Ping, Pong, TextMessage
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError

from ..core.broken import WebSocketFailure
from ..core.typed import TYPE_CHECKING, NamedTuple
from .websocket_codes import ABNORMAL, GOING_AWAY, IN_ORDER, NORMAL, TOO_BIG, named, shown

if TYPE_CHECKING:
    from typing import Any

#: From so many bytes on, an incomplete message is sent in fragments, so that messages of any length
#: are possible without cutting them.
FRAGMENT = 64 * 1024

#: A part of a message, text or binary, and whether it is the last one.
Fragment = tuple["str | bytes", bool]


class Framing(NamedTuple):
    """The conversion of a stream of bytes to messages, and of messages to a stream.

    ``delimiter``: the end of a message in the stream; None: each write is a message, and the ends
    of received ones are not marked. ``kind``: the type of sent messages, ``text`` or ``binary``;
    empty: text if the message is UTF-8, else binary. ``whole``: pass a message on only when it is
    complete, with this limit of bytes; None: pass on each part at once. ``passes_on``: between two
    WebSockets, messages are passed on as they are.
    """

    delimiter: bytes | None = b"\n"
    kind: str = ""
    whole: int | None = None
    passes_on: bool = False

    @property
    def apart(self) -> bool:
        """Whether messages are received one by one, and not as a stream."""
        return self.delimiter is None and self.whole is not None


class WebSocketCodec:
    """One side of an open WebSocket.

    Arguments:
        connection: wsproto's connection, after the handshake.
        framing: the conversion to messages and back.
    """

    def __init__(self, connection: Connection, framing: Framing) -> None:
        #: Whether the peer will send nothing more.
        self.ended = False
        #: The error after which nothing more can be received; None without one.
        self.failure: OSError | None = None
        #: The code of the close; None before.
        self.close_code: int | None = None
        self.close_reason = ""
        #: Whether a ping waits for its answer.
        self.awaits_pong = False
        #: Whether too much data waits for the peer. Its pings are not answered then (RFC 6455 5.5.3
        #: allows that): a peer that sends pings and reads nothing would fill the memory.
        self.is_full = False
        self._connection = connection
        self._framing = framing
        self._leaving = b""
        self._rest = b""
        #: Whether fragments of a message were sent; its decoder, and whether it is text.
        self._begun = False
        self._decoder = getincrementaldecoder("utf-8")()
        self._is_text = False
        self._parts: list[bytes] = []
        #: The parts of messages that wait to be passed on, each with whether it is the last one.
        self.fragments: list[Fragment] | None = None
        self._closes_as = (NORMAL, "")
        #: Whole messages that wait, if they are received one by one.
        self.messages: deque[str | bytes] = deque()
        self._size = 0

    @property
    def passes_on(self) -> bool:
        """Whether messages are passed on as they are, if the other side is a WebSocket too."""
        return self._framing.passes_on

    @property
    def whole_writes(self) -> bool:
        """Whether each write is a message."""
        return self._framing.delimiter is None

    # Receiving.

    def receive(self, data: bytes) -> bytes:
        """Return the stream's bytes for bytes of the network; ``b""`` is the connection's end."""
        if self.ended or self.failure is not None:
            return b""
        if not data:
            self._wire_ended()
            return b""
        self._connection.receive_data(data)
        pieces: list[bytes] = []
        for event in self._connection.events():
            if isinstance(event, Message):
                self._message(event, pieces)
            elif isinstance(event, Ping):
                if self._connection.state is ConnectionState.OPEN and not self.is_full:
                    self._leaving += self._connection.send(event.response())
            elif isinstance(event, Pong):
                self.awaits_pong = False
            elif isinstance(event, CloseConnection):
                self._closed(event)
            if self.failure is not None:
                break
        return b"".join(pieces)

    def outgoing(self) -> bytes:
        """Return the bytes that the codec itself has to send: pongs, Close frames."""
        leaving, self._leaving = self._leaving, b""
        return leaving

    def _message(self, event: Message[Any], pieces: list[bytes]) -> None:
        if self.fragments is not None:
            self.fragments.append((event.data, event.message_finished))
            return
        data = event.data.encode() if isinstance(event.data, str) else bytes(event.data)
        if event.message_finished and self._framing.delimiter is not None:
            data += self._framing.delimiter
        if self._framing.whole is None:
            pieces.append(data)
            return
        self._parts.append(data)
        self._size += len(data)
        if self._size > self._framing.whole:
            text = f"a message is larger than {self._framing.whole} bytes"
            self._fail(TOO_BIG, "message too big", text)
        elif event.message_finished:
            if self._framing.apart:
                whole = b"".join(self._parts)
                self.messages.append(whole.decode() if isinstance(event.data, str) else whole)
            else:
                pieces += self._parts
            self._parts, self._size = [], 0

    def _closed(self, event: CloseConnection) -> None:
        state = self._connection.state
        if state in (ConnectionState.OPEN, ConnectionState.LOCAL_CLOSING):
            # (This event is from wsproto itself, about invalid frames.)
            reason = event.reason or ""
            if "'utf-8' codec" in reason:
                reason = "text that is not UTF-8"  # (without the position in the piece read)
            self._fail(int(event.code), reason, f"the peer violates the protocol: {reason}")
            return
        self.ended = True
        self.close_code, self.close_reason = int(event.code), event.reason or ""
        if state is ConnectionState.REMOTE_CLOSING:
            self._leaving += self._connection.send(event.response())
        if self.close_code not in IN_ORDER:
            said = f": {shown(self.close_reason)}" if self.close_reason else ""
            text = f"the peer closed it with {named(self.close_code)}{said}"
            self.failure = WebSocketFailure(text, self.close_code)

    def _wire_ended(self) -> None:
        self.close_code = ABNORMAL
        if self._connection.state is ConnectionState.LOCAL_CLOSING:
            # The peer has our Close frame, and has closed without sending its own.
            self.ended = True
        else:
            self.failure = WebSocketFailure(
                "the peer ended without a Close frame (1006): data may be missing"
            )

    def _fail(self, code: int, reason: str, text: str) -> None:
        """Fail the connection (RFC 6455 7.1.7)."""
        if self._connection.state is ConnectionState.OPEN:
            self._leaving += self._connection.send(CloseConnection(code=code, reason=reason))
        self.close_code, self.close_reason = code, reason
        self.failure = WebSocketFailure(text, code)

    # Sending.

    def send(self, data: bytes | memoryview) -> bytes:
        """Return the bytes of the network for bytes of the stream. Raises WebSocketFailure."""
        if self._connection.state is not ConnectionState.OPEN:
            raise self.failure or WebSocketFailure("it is closed: not everything was sent")
        delimiter = self._framing.delimiter
        if delimiter is None:
            return self._fragment(bytes(data), last=True)
        *whole, self._rest = (self._rest + bytes(data)).split(delimiter)
        frames: list[bytes] = []
        try:
            frames.extend(self._fragment(message, last=True) for message in whole)
        except WebSocketFailure:
            # The messages before it are still sent, and then nothing more.
            self._leaving += b"".join(frames) + self._close(GOING_AWAY)
            raise
        # Do not send a possible part of a delimiter yet.
        size = len(self._rest) - len(delimiter) + 1
        if size >= FRAGMENT:
            piece, self._rest = self._rest[:size], self._rest[size:]
            frames.append(self._fragment(piece, last=False))
        return b"".join(frames)

    def send_message(self, message: str | bytes) -> bytes:
        """Return the bytes of the network for a message. Raises WebSocketFailure."""
        if self._connection.state is not ConnectionState.OPEN:
            raise self.failure or WebSocketFailure("it is closed: not everything was sent")
        event = TextMessage(message) if isinstance(message, str) else BytesMessage(message)
        return self._connection.send(event)

    def send_fragment(self, data: str | bytes, *, finished: bool) -> bytes:
        """Return the bytes of the network for a part of a message, text or binary.

        What a peer that has closed cannot receive any more is dropped.
        """
        if self._connection.state is not ConnectionState.OPEN:
            return b""
        if isinstance(data, str):
            return self._connection.send(TextMessage(data, message_finished=finished))
        return self._connection.send(BytesMessage(data, message_finished=finished))

    def close_as(self, other: WebSocketCodec) -> None:
        """Let send_eof send the code and the reason with which the peer of another one closed."""
        if other.close_code not in (None, ABNORMAL):
            # (wsproto leaves the code out for this very object.)
            none = CloseReason.NO_STATUS_RCVD
            code = none if other.close_code == none else other.close_code
            self._closes_as = (code, other.close_reason)

    def send_eof(self) -> bytes:
        """Return the bytes that end our direction: a Close frame, after the bytes that wait."""
        return self._last_words() + self._close(*self._closes_as)

    def leave(self) -> bytes:
        """Return a Close frame for incomplete data (1001, going away)."""
        return self._close(GOING_AWAY)

    def ping(self) -> bytes:
        """Return a ping; ``b""`` if the WebSocket is not open any more."""
        if self._connection.state is not ConnectionState.OPEN:
            return b""
        self.awaits_pong = True
        return self._connection.send(Ping())

    def give_up(self, text: str) -> None:
        """Record that nothing more can be received, and the reason."""
        if not self.ended and self.failure is None:
            self._fail(GOING_AWAY, "", text)

    def stop_waiting(self) -> None:
        """Treat the peer's silence after our Close frame as its end."""
        if not self.ended and self.failure is None:
            self.ended = True
            self.close_code = ABNORMAL

    def _last_words(self) -> bytes:
        if self._connection.state is not ConnectionState.OPEN or not (self._rest or self._begun):
            return b""
        rest, self._rest = self._rest, b""
        return self._fragment(rest, last=True)

    def _close(self, code: int, reason: str = "") -> bytes:
        try:
            return self._connection.send(CloseConnection(code=code, reason=reason or None))
        except LocalProtocolError:
            return b""  # it is closed already

    def _fragment(self, data: bytes, *, last: bool) -> bytes:
        first = not self._begun
        if first:
            self._decoder.reset()
            self._is_text = self._framing.kind != "binary"
        event: Message[Any]
        if self._is_text:
            try:
                event = TextMessage(self._decoder.decode(data, last), message_finished=last)
            except UnicodeDecodeError:
                if not first or self._framing.kind == "text":
                    raise WebSocketFailure(
                        "a message to be sent is not text in UTF-8 (--ws-binary sends bytes)"
                    ) from None
                self._is_text = False
        if not self._is_text:
            event = BytesMessage(data, message_finished=last)
        self._begun = not last
        return self._connection.send(event)
