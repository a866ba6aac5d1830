"""DTLS between "dial" and "talk": what securing.py does for streams, for datagrams.

It is imported when DTLS is asked for, and not before.
"""

from __future__ import annotations

from ...core.address import without_zone
from ...core.errors import UsageError
from ...core.events import Report, Unverified
from ...core.typed import TYPE_CHECKING
from ...transports import Options, dtls
from ...transports.conn import Conn
from ...transports.datagram import DatagramConn
from ...transports.dtls import begin
from ...transports.dtls.conn import DtlsConn
from ...transports.dtls.context import client_context, server_context
from ...transports.listener import Listener
from ...transports.tls.handshake import Security

if TYPE_CHECKING:
    from OpenSSL import SSL

__all__ = ["begin", "client_context", "listener_context", "listening", "secure"]

#: What a listener shows. One for all clients: a certificate that is made anew is another identity.
_contexts: dict[Security, SSL.Context] = {}


def listener_context(security: Security) -> SSL.Context:
    """What a listener shows its clients. Raises UsageError."""
    if security not in _contexts:
        _contexts.clear()
        _contexts[security] = server_context(security)
    return _contexts[security]


def secure(
    conn: Conn, context: SSL.Context, security: Security, host: str, report: Report
) -> DtlsConn:
    """A client's connection through DTLS. Owns ``conn``. Raises TlsError, DialError, UsageError.

    Arguments:
        host: as it was asked for.
    """
    if not isinstance(conn, DatagramConn):
        conn.close()
        raise UsageError(f"DTLS needs UDP, not {conn.peer}")
    if not security.verify:
        report(Unverified(conn.peer))
    name = security.server_name or without_zone(host) or None
    return dtls.secured(conn, context, name, security.timeout)


def listening(listener: Listener, security: Security, options: Options) -> Listener:
    """A listener of datagrams as one whose connections have shown a cookie. Owns it.

    Raises UsageError.
    """
    own = dtls.listening(listener, listener_context(security), options)
    own.admits = options.admits
    return own
