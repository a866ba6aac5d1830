"""WebSocket over TCP, plain or by TLS: the connection, and its way there.

The command's way is longer (proxies stand between, see programs/shared/connect.py) and shares
Upgrade and Upgrading with this.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from ..core.address import Address
from ..core.broken import HANDSHAKE_TIMED_OUT, WebSocketError, WebSocketFailure, over_websocket
from ..core.deadline import Deadline
from ..core.errors import UsageError, cause_of
from ..layers.handshake import Handshake, HandshakeError, HandshakeSteps, HandshakeTimeout
from .conn import StreamConn
from .layered import READ, LayeredConn
from .tunnel import negotiate

if TYPE_CHECKING:
    from ..layers.websocket import Framing, WebSocketCodec
    from ..layers.websocket_handshake import Agreed, Offer, Wish
    from .tls.handshake import Securing

#: Seconds for an opening handshake, unless the user has another idea.
HANDSHAKE_TIMEOUT = 10.0

#: Bytes of the wire that are read at once where they are compressed: a thousandfold, perhaps.
READ_DEFLATED = 16 * 1024

#: Is told of the close: its code, and the reason.
Told = Callable[[int, str], None]


class Upgrade(NamedTuple):
    """How a connection becomes a WebSocket.

    ``how``: what a client asks for, or whom a listener lets in. ``ping_interval``: seconds between
    two pings; None: none is sent. ``timeout``: seconds for the handshake.
    """

    how: Wish | Offer
    framing: Framing
    ping_interval: float | None = None
    timeout: float = HANDSHAKE_TIMEOUT

    def begin(self) -> Handshake[Agreed]:
        """The handshake."""
        from ..layers.websocket_handshake import Wish, answer, ask

        return ask(self.how) if isinstance(self.how, Wish) else answer(self.how)

    def finish(self, conn: StreamConn, agreed: Agreed) -> WebSocketConn:
        """The connection, which owns ``conn``."""
        from ..layers.websocket import WebSocketCodec

        codec = WebSocketCodec(agreed.connection, self.framing)
        return WebSocketConn(conn, codec, agreed, self.ping_interval)


class WebSocketConn(LayeredConn):
    """A connection over a WebSocket.

    Arguments:
        conn: owned from now on.
        codec: of the open WebSocket.
        agreed: what the handshake has brought.
        ping_interval: seconds between two pings, where something sends them (engine/).
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
        #: Is told of the close, once.
        self.told: Told | None = None
        #: Is called when our Close frame is sent.
        self.said_close: Callable[[], None] | None = None
        self._heard = False
        self._read_size = READ_DEFLATED if agreed.deflate else READ
        if codec.whole_writes:
            self._write_size = None

    @property
    def inner(self) -> StreamConn:
        """What the frames go over: TLS, or the plain connection."""
        return self._conn

    def pending(self) -> bool:
        """Whether recv returns something without waiting."""
        if super().pending():
            return True
        holds: Callable[[], bool] | None = getattr(self._conn, "pending", None)
        return holds is not None and holds()

    def send(self, data: bytes | memoryview) -> int:
        """Send what fits; returns how many bytes did. Raises OSError."""
        try:
            return super().send(data)
        except WebSocketFailure:
            with self._using:
                self._unsent.put(self.codec.outgoing())
            self._answer()
            raise

    def ping(self, *, answered: bool = False) -> None:
        """Send a ping, as far as it can be sent now; recv fails if the last one has no answer.

        Arguments:
            answered: do not ask for the answer, which may have come and not been read.
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
        """Take the peer for gone, if it was silent since this was called last."""
        if not self._heard:
            with self._using:
                self.codec.stop_waiting()
            self._tell()
        self._heard = False

    def drop(self) -> None:
        """Let go, and say that this may not be all (1001). Idempotent."""
        if not self._eof_made and self.fileno() != -1:
            self._eof_made = True
            with self._using:
                self._unsent.put(self.codec.leave())
            self.settimeout(0)
            self._answer()
        super().drop()

    def _receive(self, data: bytes) -> None:
        self._heard = True
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
            pass  # it is gone: reading tells


class Upgrading:
    """A listener's side of the handshake, step by step, where others must not wait for it.

    Arguments:
        conn: owned from now on.
        upgrade: how.
        securing: the handshake of TLS that comes first.
    """

    def __init__(self, conn: StreamConn, upgrade: Upgrade, securing: Securing | None) -> None:
        self._conn = conn
        self._upgrade = upgrade
        self._securing = securing
        self._steps = HandshakeSteps(upgrade.begin())

    @property
    def writes(self) -> bool:
        """Whether it waits to write, not to read."""
        return self._steps.writes if self._securing is None else self._securing.writes

    def late(self) -> Exception:
        """Why it failed, when it has taken too long."""
        if self._securing is not None:
            return self._securing.late()
        return WebSocketError("accept", over_websocket(self._conn.peer), HANDSHAKE_TIMED_OUT)

    def step(self) -> WebSocketConn:
        """Go on; returns the WebSocket when the handshake is over.

        Raises BlockingIOError when it has to wait, PyncError with the connection closed.
        """
        if self._securing is not None:
            self._conn, self._securing = self._securing.step(), None
            self._conn.settimeout(0)
        try:
            while not self._steps.is_over:
                self._steps.step(self._conn)
        except BlockingIOError:
            raise
        except (HandshakeError, OSError) as error:
            self._conn.close()
            raise failure("accept", over_websocket(self._conn.peer), error) from None
        except BaseException:
            self._conn.close()
            raise
        return self._upgrade.finish(self._conn, self._steps.result)


def upgrade_now(conn: object, upgrade: Upgrade, address: Address) -> WebSocketConn:
    """A client's side: shake hands; returns the WebSocket, which owns ``conn``.

    Arguments:
        address: as it was asked for.
    Raises WebSocketError, with ``conn`` closed; UsageError for what is not a stream.
    """
    if not isinstance(conn, StreamConn):
        raise UsageError("a WebSocket needs a stream, not datagrams")
    try:
        agreed = negotiate(conn, upgrade.begin(), Deadline(upgrade.timeout))
    except (HandshakeError, OSError) as error:
        conn.close()
        raise failure("dial", address, error) from None
    except BaseException:
        conn.close()
        raise
    return upgrade.finish(conn, agreed)


def failure(operation: str, address: object, error: Exception) -> WebSocketError:
    """What is reported of a handshake that failed."""
    if isinstance(error, HandshakeTimeout):
        return WebSocketError(operation, address, HANDSHAKE_TIMED_OUT)
    cause = cause_of(error) if isinstance(error, OSError) else str(error)
    return WebSocketError(operation, address, cause)
