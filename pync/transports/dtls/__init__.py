"""DTLS over UDP (pyOpenSSL, the extra ``dtls``): dial and listen, with the handshake inside.

It is imported when DTLS is asked for, and not before. The command's own way is longer, and shares
the contexts and the handshake with this, as with tls/.
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
    """Choose an address of the name, and shake hands; the time-out is for both together.

    Raises DialError, TlsError, UsageError.
    """
    context = client_context(security)
    deadline = Deadline(options.timeout)
    conn = dial_plain(address, options)
    assert isinstance(conn, DatagramConn)
    name = security.server_name or without_zone(address.host)
    return secured(conn, context, name, deadline.remaining)


def secured(
    conn: DatagramConn, context: OpenSSL.SSL.Context, name: str | None, seconds: float | None
) -> DtlsConn:
    """Shake hands as a client. Owns ``conn``. Raises DialError, TlsError.

    Arguments:
        name: that the server must have.
        seconds: for the handshake; None: HANDSHAKE_TIMEOUT.
    """
    codec, expected = client_side(context, name)
    before = conn.gettimeout()
    securing = DtlsSecuring(conn, codec, expected, server_side=False)
    done = secure(securing, conn, HANDSHAKE_TIMEOUT if seconds is None else seconds)
    done.settimeout(before)
    return done


def listening(plain: Listener, context: OpenSSL.SSL.Context, options: Options) -> DtlsListener:
    """A listener of datagrams as one whose connections have shown a cookie. Owns ``plain``.

    Raises UsageError.
    """
    if not isinstance(plain, UdpListener):
        plain.close()
        raise UsageError(f"DTLS needs UDP, not {plain.address}")
    return DtlsListener(plain, context, options)


def begin(conn: Conn) -> DtlsSecuring:
    """The handshake with a connection of such a listener. Owns ``conn``."""
    assert isinstance(conn, PeerConn)
    return conn.securing()


def listen(address: Address, security: Security, options: Options = DEFAULT) -> TlsListener:
    """Listen over UDP; each client shakes hands when it is accepted.

    Raises ListenError, UsageError.
    """
    context = server_context(security)
    plain = listen_plain(address, options._replace(many=True))
    return TlsListener(listening(plain, context, options._replace(many=True)), begin, "dtls")
