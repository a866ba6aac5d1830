"""How a connection becomes a WebSocket: a listener's handshake step by step, a client's at once."""

from __future__ import annotations

from ..core.address import Address
from ..core.broken import HANDSHAKE_TIMED_OUT, WebSocketError, over_websocket
from ..core.deadline import Deadline
from ..core.errors import UsageError, cause_of
from ..core.typed import TYPE_CHECKING
from ..layers.handshake import HandshakeError, HandshakeSteps, HandshakeTimeout
from .conn import StreamConn
from .tunnel import negotiate
from .websocket import Upgrade, WebSocketConn

if TYPE_CHECKING:
    from .tls.handshake import Securing


class Upgrading:
    """A listener's side of the handshake, run step by step, where others must not wait for it.

    Arguments:
        conn: owned by this object.
        upgrade: how the connection becomes a WebSocket.
        securing: the TLS handshake that comes first, if any.
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

    @property
    def seconds(self) -> float | None:
        """None: it waits for the peer alone (see accept.Steps)."""
        return None

    def late(self) -> Exception:
        """Return the error to report when the handshake has taken too long."""
        if self._securing is not None:
            return self._securing.late()
        return WebSocketError("accept", over_websocket(self._conn.peer), HANDSHAKE_TIMED_OUT)

    def step(self) -> WebSocketConn:
        """Continue the handshake; return the WebSocket at its end.

        Raises BlockingIOError when it has to wait; PyncError, with the connection closed.
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
    """Perform a client's handshake; return the WebSocket, which owns ``conn``.

    Arguments:
        address: the address, as the user gave it.
    Raises WebSocketError, with ``conn`` closed; UsageError if ``conn`` is not a stream.
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
    """Return the error to report for a failed handshake."""
    if isinstance(error, HandshakeTimeout):
        return WebSocketError(operation, address, HANDSHAKE_TIMED_OUT)
    cause = cause_of(error) if isinstance(error, OSError) else str(error)
    return WebSocketError(operation, address, cause)
