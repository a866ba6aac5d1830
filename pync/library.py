"""The library's face: dial, listen and relay, with addresses as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, overload

from .core.address import DATAGRAMS, INHERITED, Address, is_url, parse, split_host_port
from .core.endings import Endings
from .core.errors import UsageError
from .engine.pipeline import Moved
from .engine.relay import relay as _relay
from .transports import Options
from .transports import dial as _dial
from .transports import listen as _listen
from .transports.conn import Conn, StreamConn
from .transports.listener import Listener

if TYPE_CHECKING:
    from .transports.tls import TlsListener

#: What stands before the address of a TCP connection through TLS.
_TLS = "tls://"

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
) -> _C: ...


# Most are streams, and a text does not tell a type checker which: without ``kind`` it lets
# pass what a StreamConn has, and what another connection may have.
@overload
def dial(
    address: str,
    *,
    timeout: float | None = None,
    source: str | None = None,
    verify: bool = True,
    trusted: str | None = None,
    starttls: str | None = None,
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
) -> Conn:
    """Connect to an address, trying all that its name has.

    Arguments:
        address: ``HOST:PORT`` or ``tcp://HOST:PORT``, ``tls://HOST:PORT``,
            ``udp://HOST:PORT``, ``unix:PATH``, ``unixgram:PATH``.
        kind: the class that the connection must have: StreamConn, TcpConn, DatagramConn.
        timeout: seconds for the connection to be made; None: as the system has it.
        source: the local address to connect from.
        verify: over TLS, whether the certificate has to be right.
        trusted: over TLS, a PEM file of certificates to trust in place of the system's.
        starttls: over TLS, the protocol in which the server is asked for it first: ``smtp``,
            ``imap``, ``postgres`` ... (``pync --help`` has them all).
    Returns a connection; it has ``send_eof`` if it can be half-closed.
    Raises DialError or TlsError (both OSErrors), or UsageError (a ValueError) for an address
    that makes no sense, or makes no connection of that kind.
    """
    conn = _dialled(address, timeout, source, verify, trusted, starttls)
    if not isinstance(conn, kind):
        conn.close()
        raise UsageError(f"{address} makes a {type(conn).__name__}, not a {kind.__name__}")
    return conn


def _dialled(
    address: str,
    timeout: float | None,
    source: str | None,
    verify: bool,
    trusted: str | None,
    starttls: str | None,
) -> Conn:
    where, secured = to_dial(address, starttls)
    options = Options(timeout=timeout, source=source)
    if not secured:
        return _dial(where, options)
    from .transports import tls
    from .transports.tls.handshake import Security

    security = Security(verify=verify, trusted=trusted, starttls=starttls)
    return tls.dial(where, security, options)


def to_dial(address: str, starttls: str | None = None) -> tuple[Address, bool]:
    """What the text of an address means to dial, and whether it is secured. Raises UsageError."""
    if starttls is not None:
        from .layers.starttls import PROTOCOLS

        if starttls not in PROTOCOLS:
            raise UsageError(f"starttls: {starttls!r} is not one of {', '.join(PROTOCOLS)}")
        if not address.startswith(_TLS):
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
    return where, address.startswith(_TLS)


def listen(
    address: str, *, certificate: str | None = None, key: str | None = None
) -> Listener | TlsListener:
    """Listen on an address; port 0 is any free one (see ``listener.address``).

    Arguments:
        address: as for dial; an empty host is every address of the machine, and so is a
            PORT alone.
        certificate: over TLS, a PEM file; without one the listener makes its own.
        key: the PEM file of its key, if that is another one.
    Raises ListenError (an OSError), or UsageError (a ValueError) for an address that makes no
    sense.
    """
    where, secured = to_listen(address)
    if not secured:
        listener = _listen(where, for_many(where))
        listener.let_others_close()
        return listener
    from .transports import tls
    from .transports.tls.handshake import Security

    return tls.listen(where, Security(certificate=certificate, key=key))


def for_many(where: Address) -> Options:
    """Return how to listen for several clients; datagrams are taken from one."""
    return Options(many=where.scheme not in DATAGRAMS)


def to_listen(address: str) -> tuple[Address, bool]:
    """What the text of an address means to listen on, and whether it is secured.

    Raises UsageError.
    """
    if is_url(address):
        return _parsed(address), address.startswith(_TLS)
    if ":" not in address:
        address = f":{address}"
    return Address("tcp", *split_host_port(address, address)), False


def _parsed(address: str) -> Address:
    return parse(f"tcp://{address[len(_TLS) :]}" if address.startswith(_TLS) else address)


def relay(a: Conn, b: Conn, *, idle: float | None = None) -> Moved:
    """Move bytes between two connections, both ways, until both directions have ended.

    EOF is passed on where the other side can be half-closed.

    Arguments:
        a: one connection; both stay open.
        b: the other.
        idle: seconds without a byte after which to give up; None: never.
    Returns the bytes moved from ``a`` to ``b`` and back. Raises RelayError.
    """
    return _relay(a, b, Endings(on_peer_end="stay", idle=idle))
