"""WebSockets for the library: dial and listen, with the handshakes inside.

The command needs more steps (proxies, see programs/shared/connect.py); both use websocket.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..core.address import Address
from ..core.deadline import Deadline
from ..core.errors import UsageError
from . import DEFAULT, Options
from . import dial as dial_plain
from . import listen as listen_plain
from .conn import StreamConn
from .listener import Accepting
from .tls.accept import Handshakes
from .tls.handshake import Securing, Security, server_context
from .upgrading import Upgrading, upgrade_now
from .websocket import HANDSHAKE_TIMEOUT, LARGEST, Upgrade, WebSocketConn

try:
    from ..layers.websocket import Framing
    from ..layers.websocket_handshake import Offer, Wish, host_of
except ModuleNotFoundError:
    raise UsageError("a WebSocket needs wsproto: pip install 'pync-nc[ws]'") from None

#: Each send is one message, and each recv returns one.
MESSAGES = Framing(None, "binary", LARGEST)


def dial(
    address: Address,
    options: Options = DEFAULT,
    security: Security = Security(),  # noqa: B008 - it is immutable
    headers: Mapping[str, str] | None = None,
    subprotocols: tuple[str, ...] = (),
) -> WebSocketConn:
    """Connect, and open a WebSocket; the time-out is for everything together.

    Arguments:
        security: for ``wss``.
        headers: additional headers of the request.
        subprotocols: in the order of preference.
    Raises DialError, TlsError, WebSocketError, UsageError.
    """
    deadline = Deadline(options.timeout)
    where = carrier(address)
    if address.scheme == "wss":
        from .tls import dial as dial_secured

        conn = dial_secured(where, security, options)
    else:
        plain = dial_plain(where, options)
        assert isinstance(plain, StreamConn)
        conn = plain
    said = tuple((name.encode(), value.encode()) for name, value in (headers or {}).items())
    wish = Wish(host_of(address), address.path or "/", address.login, said, subprotocols)
    left = deadline.remaining
    timeout = HANDSHAKE_TIMEOUT if left is None else left
    return named(upgrade_now(conn, Upgrade(wish, MESSAGES, None, timeout), address), address)


def listen(
    address: Address,
    options: Options = DEFAULT,
    security: Security = Security(),  # noqa: B008 - it is immutable
) -> WebSocketListener:
    """Listen; the handshakes with each client are part of accept.

    Raises ListenError, UsageError.
    """
    return WebSocketListener(address, options, security)


class WebSocketListener(Accepting):
    """A listener whose connections are WebSockets.

    Arguments:
        address: where to listen; clients must request its path and send its login, if it has them.
        options: see Options.
        security: for ``wss``; without a certificate, the listener makes a self-signed one.
    """

    def __init__(self, address: Address, options: Options, security: Security) -> None:
        begin = accepting(address, security)
        self._plain = listen_plain(carrier(address), options)
        self._interrupt = self._plain.let_others_close()
        self._handshakes = Handshakes(self._plain, begin, _raise, interrupt=self._interrupt)
        self.addresses = [shown(address, one) for one in self._plain.addresses]

    @property
    def address(self) -> Address:
        """The first of the addresses."""
        return self.addresses[0]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {', '.join(map(str, self.addresses))}>"

    def accept(self, timeout: float | None = None) -> WebSocketConn:
        """Return the next connection, after its handshake.

        Arguments:
            timeout: seconds for a client to come, and for its handshake; None: for ever.
        Raises ListenError, which is a TimeoutError, when no client comes; WebSocketError or
        TlsError when a handshake fails: the listener can still be used then.
        """
        try:
            with self._interrupt.waiting():
                conn = self._handshakes.accept(timeout)
        finally:
            if self.closed:
                self._handshakes.close()
        assert isinstance(conn, WebSocketConn)
        return named(conn, self.address)

    def close(self) -> None:
        """Stop listening; an accept() that waits in another thread ends. Idempotent."""
        self.closed = True
        self._plain.close()
        if not self._interrupt.ring():
            self._handshakes.close()


def carrier(address: Address) -> Address:
    """Return the address of TCP for that of a WebSocket."""
    return Address("tcp", address.host, address.service)


def shown(address: Address, plain: Address) -> Address:
    """Return the address of a listener on ``plain``, for clients; its login is not shown."""
    return address._replace(login="", host=plain.host, service=plain.service)


def accepting(address: Address, security: Security) -> Callable[[StreamConn], Upgrading]:
    """Return the function that begins the handshakes with an accepted connection.

    Raises UsageError.
    """
    context = server_context(security) if address.scheme == "wss" else None
    upgrade = Upgrade(Offer(address.path, address.login), MESSAGES)

    def begin(conn: StreamConn) -> Upgrading:
        securing = None if context is None else Securing(conn, context, server_side=True)
        return Upgrading(conn, upgrade, securing)

    return begin


def named(conn: WebSocketConn, address: Address) -> WebSocketConn:
    """Return the connection with addresses of a WebSocket."""
    conn.local = conn.local._replace(scheme=address.scheme)
    conn.peer = conn.peer._replace(scheme=address.scheme)
    return conn


def _raise(error: Exception, _peer: object) -> None:
    raise error
