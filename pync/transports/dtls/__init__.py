"""DTLS over UDP (pyOpenSSL, the extra ``dtls``): dial and listen, including the handshake.

It is imported only when DTLS is requested. The command needs more steps, but uses the same contexts
and the same handshake, as with tls/.
"""

from __future__ import annotations

from ...core.errors import UsageError

try:
    import OpenSSL.SSL
except ImportError:
    raise UsageError("DTLS needs pyOpenSSL: pip install 'pync-nc[dtls]'") from None

if not hasattr(OpenSSL.SSL.Connection, "set_ciphertext_mtu"):
    raise UsageError("DTLS needs pyOpenSSL 26 or later: pip install -U 'pync-nc[dtls]'")

from ...core.address import Address, without_zone
from ...core.deadline import Deadline
from .. import DEFAULT, Options
from .. import dial as dial_plain
from .. import listen as listen_plain
from ..conn import Conn
from ..datagram import DatagramConn
from ..listener import Listener
from ..tls import TlsListener
from ..tls.handshake import HANDSHAKE_TIMEOUT, Security
from ..udp import UdpListener
from .conn import DtlsConn
from .context import client_context, client_side, server_context
from .handshake import DtlsSecuring, secure
from .listener import DtlsListener, PeerConn


def dial(address: Address, security: Security, options: Options = DEFAULT) -> DtlsConn:
    """Choose an address of the name, and perform the handshake; the time-out covers both.

    Raises DialError, TlsError, UsageError.
    """
    context = client_context(security)
    deadline = Deadline(options.timeout)
    conn = dial_plain(address, options)
    assert isinstance(conn, DatagramConn)
    name = security.server_name or without_zone(address.host)
    return secured(conn, context, name, deadline.remaining)


def begin_dial(conn: DatagramConn, security: Security, name: str | None) -> DtlsSecuring:
    """Return a client's handshake, to run step by step; it owns ``conn``. Raises UsageError.

    Arguments:
        name: the name that the server's certificate must have.
    """
    codec, expected = client_side(client_context(security), name)
    return DtlsSecuring(conn, codec, expected, server_side=False)


def secured(
    conn: DatagramConn, context: OpenSSL.SSL.Context, name: str | None, seconds: float | None
) -> DtlsConn:
    """Perform a client's handshake; return the connection, which owns ``conn``.

    Arguments:
        name: the name that the server's certificate must have.
        seconds: the limit for the handshake; None: HANDSHAKE_TIMEOUT.

    Raises DialError, TlsError.
    """
    codec, expected = client_side(context, name)
    before = conn.gettimeout()
    securing = DtlsSecuring(conn, codec, expected, server_side=False)
    done = secure(securing, conn, HANDSHAKE_TIMEOUT if seconds is None else seconds)
    done.settimeout(before)
    return done


def listening(plain: Listener, context: OpenSSL.SSL.Context, options: Options) -> DtlsListener:
    """Return a listener whose clients must return a cookie first; it owns ``plain``.

    Raises UsageError.
    """
    if not isinstance(plain, UdpListener):
        plain.close()
        raise UsageError(f"DTLS needs UDP, not {plain.address}")
    return DtlsListener(plain, context, options)


def begin(conn: Conn) -> DtlsSecuring:
    """Return the handshake with a connection of a DtlsListener; it owns ``conn``."""
    assert isinstance(conn, PeerConn)
    return conn.securing()


def listen(address: Address, security: Security, options: Options = DEFAULT) -> TlsListener:
    """Listen over UDP; the handshake with each client is part of accept.

    Raises ListenError, UsageError.
    """
    return TlsListener(listen_unsecured(address, security, options), begin, "dtls")


def listen_unsecured(
    address: Address, security: Security, options: Options = DEFAULT
) -> DtlsListener:
    """Listen over UDP for clients whose handshakes begin() begins.

    Raises ListenError, UsageError.
    """
    context = server_context(security)
    many = options._replace(many=True)
    return listening(listen_plain(address, many), context, many)
