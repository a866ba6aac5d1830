"""The library's interface: dial, listen and relay, with addresses as text."""

from __future__ import annotations

from typing import overload

from .core.address import DATAGRAMS, INHERITED, WEBSOCKETS, Address, is_url, parse, split_host_port
from .core.endings import Endings
from .core.errors import UsageError
from .core.typed import TYPE_CHECKING, TypeVar
from .engine.pipeline import Moved
from .engine.relay import relay as _relay
from .transports import Options
from .transports import dial as _dial
from .transports import listen as _listen
from .transports.conn import Conn, StreamConn
from .transports.listener import Listener

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .transports.tls import TlsListener
    from .transports.websockets import WebSocketListener

#: Prefix of an address through TLS or DTLS -> prefix of the address below.
_SECURED = {"tls://": "tcp://", "dtls://": "udp://"}

_C = TypeVar("_C", bound=Conn)


@overload
def dial(
    address: str,
    kind: type[_C],
    *,
    timeout: float | None = None,
    source: str | None = None,
    verify: bool = True,
    trusted: str | None = None,
    starttls: str | None = None,
    headers: Mapping[str, str] | None = None,
    subprotocols: tuple[str, ...] = (),
) -> _C: ...


# Most connections are streams, but a type checker cannot see the class from the text. Without
# ``kind``, it allows the attributes of StreamConn, and those of other connections.
@overload
def dial(
    address: str,
    *,
    timeout: float | None = None,
    source: str | None = None,
    verify: bool = True,
    trusted: str | None = None,
    starttls: str | None = None,
    headers: Mapping[str, str] | None = None,
    subprotocols: tuple[str, ...] = (),
) -> StreamConn | Any: ...


def dial(
    address: str,
    kind: type[Conn] = Conn,
    *,
    timeout: float | None = None,
    source: str | None = None,
    verify: bool = True,
    trusted: str | None = None,
    starttls: str | None = None,
    headers: Mapping[str, str] | None = None,
    subprotocols: tuple[str, ...] = (),
) -> Conn:
    """Connect to an address; try all addresses of its name.

    Arguments:
        address: ``HOST:PORT`` or ``tcp://HOST:PORT``, ``tls://HOST:PORT``,
            ``udp://HOST:PORT``, ``dtls://HOST:PORT``, ``unix:PATH``, ``unixgram:PATH``,
            ``ws://HOST/PATH``, ``wss://HOST/PATH``.
        kind: the class that the connection must have: StreamConn, TcpConn, DatagramConn.
        timeout: seconds to connect; None: the system's own limit.
        source: the local address to connect from.
        verify: over TLS, whether the certificate is verified.
        trusted: over TLS, a PEM file of certificates to trust instead of the system's.
        starttls: over TLS, the protocol whose command starts it: ``smtp``, ``imap``,
            ``postgres`` ... (``pync --help`` has them all).
        headers: of a WebSocket, additional headers of the request.
        subprotocols: of a WebSocket, in the order of preference.
    Returns a connection; it has ``send_eof`` if it can be half-closed.
    Raises DialError, TlsError or WebSocketError (all OSErrors), or UsageError (a ValueError) for an
    invalid address, or one with connections of another kind.
    """
    where, secured = to_dial(address, starttls)
    options = Options(timeout=timeout, source=source)
    if where.scheme in WEBSOCKETS:
        from .transports import websockets
        from .transports.tls.handshake import Security

        security = Security(verify=verify, trusted=trusted)
        conn: Conn = websockets.dial(where, options, security, headers, subprotocols)
    elif headers or subprotocols:
        raise UsageError(f"{address}: headers and subprotocols are a WebSocket's")
    elif secured:
        conn = _secured(where, options, verify, trusted, starttls)
    else:
        conn = _dial(where, options)
    if not isinstance(conn, kind):
        conn.close()
        raise UsageError(f"{address} makes a {type(conn).__name__}, not a {kind.__name__}")
    return conn


def _secured(
    where: Address, options: Options, verify: bool, trusted: str | None, starttls: str | None
) -> Conn:
    from .transports.tls.handshake import Security

    security = Security(verify=verify, trusted=trusted, starttls=starttls)
    if where.scheme in DATAGRAMS:
        from .transports import dtls

        return dtls.dial(where, security, options)
    from .transports import tls

    return tls.dial(where, security, options)


def to_dial(address: str, starttls: str | None = None) -> tuple[Address, bool]:
    """Return the address to dial in a text, and whether it uses TLS. Raises UsageError."""
    if starttls is not None:
        from .layers.starttls import PROTOCOLS

        if starttls not in PROTOCOLS:
            raise UsageError(f"starttls: {starttls!r} is not one of {', '.join(PROTOCOLS)}")
        if not address.startswith("tls://"):
            raise UsageError(f"starttls: write tls://{address.rpartition('//')[2]}")
    if is_url(address):
        where = _parsed(address)
    else:
        host, port = split_host_port(address, address)
        where = Address("tcp", host or "localhost", port)
    if where.scheme in INHERITED:
        raise UsageError(f"{address} is a listening socket, and nothing to connect to")
    if not (where.host or where.path):
        raise UsageError(f"{address} has no host to connect to")
    return where, address.startswith(tuple(_SECURED))


def listen(
    address: str, *, certificate: str | None = None, key: str | None = None
) -> Listener | TlsListener | WebSocketListener:
    """Listen on an address; port 0 is any free one (see ``listener.address``).

    Arguments:
        address: as for dial; an empty host, or a PORT alone, stands for every address of the
            machine.
        certificate: over TLS, a PEM file; without one, the listener makes its own.
        key: the PEM file of its key, if it is another file.
    Raises ListenError (an OSError), or UsageError (a ValueError) for an invalid address.
    """
    where, secured = to_listen(address)
    if where.scheme in WEBSOCKETS:
        from .transports import websockets
        from .transports.tls.handshake import Security

        security = Security(certificate=certificate, key=key)
        return websockets.listen(where, for_many(where), security)
    if not secured:
        listener = _listen(where, for_many(where))
        listener.let_others_close()
        return listener
    from .transports.tls.handshake import Security

    security = Security(certificate=certificate, key=key)
    if where.scheme in DATAGRAMS:
        from .transports import dtls

        return dtls.listen(where, security)
    from .transports import tls

    return tls.listen(where, security)


def for_many(where: Address) -> Options:
    """Return how to listen for several clients; datagrams are received from only one."""
    return Options(many=where.scheme not in DATAGRAMS)


def to_listen(address: str) -> tuple[Address, bool]:
    """Return the address to listen on in a text, and whether it uses TLS.

    Raises UsageError.
    """
    if is_url(address):
        return _parsed(address), address.startswith(tuple(_SECURED))
    if ":" not in address:
        address = f":{address}"
    return Address("tcp", *split_host_port(address, address)), False


def _parsed(address: str) -> Address:
    for secured, plain in _SECURED.items():
        if address.startswith(secured):
            address = plain + address.removeprefix(secured)
    return parse(address)


def relay(a: Conn, b: Conn, *, idle: float | None = None) -> Moved:
    """Move bytes between two connections, both ways, until both directions have ended.

    EOF is passed on where the other side can be half-closed.

    Arguments:
        a: one connection; both stay open.
        b: the other.
        idle: seconds without a byte after which to stop with an error; None: never.
    Returns the bytes moved from ``a`` to ``b`` and back. Raises RelayError.
    """
    return _relay(a, b, Endings(on_peer_end="stay", idle=idle))
