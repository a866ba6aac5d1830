"""DTLS between dialling and talking: it does for datagrams what securing.py does for streams.

This module is imported only when DTLS is used.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...core.address import without_zone
from ...core.errors import UsageError
from ...core.events import Report
from ...core.server_events import Unverified
from ...core.typed import TYPE_CHECKING
from ...transports import Options, dtls
from ...transports.conn import Conn
from ...transports.datagram import DatagramConn
from ...transports.dtls import begin
from ...transports.dtls.conn import DtlsConn
from ...transports.dtls.context import client_context, client_side, server_context
from ...transports.dtls.handshake import DtlsSecuring
from ...transports.dtls.listener import DtlsListener
from ...transports.listener import Listener
from ...transports.tls.handshake import Security

if TYPE_CHECKING:
    from OpenSSL import SSL

__all__ = [
    "begin",
    "begin_dial",
    "client_context",
    "listener_context",
    "listening",
    "renew",
    "secure",
]

#: The contexts of listeners. All clients share one: a new self-signed certificate would be another
#: identity.
_contexts: dict[Security, SSL.Context] = {}


def listener_context(security: Security) -> SSL.Context:
    """Return a listener's context, with its certificate. Raises UsageError."""
    if security not in _contexts:
        _contexts.clear()
        renew(security)
    return _contexts[security]


def renew(security: Security, listeners: Sequence[Listener] = ()) -> None:
    """Read the files of a listener's context again. Raises UsageError; nothing changes then.

    Arguments:
        listeners: the DTLS listeners among them use the new context from now on.
    """
    _contexts[security] = server_context(security)
    for listener in listeners:
        if isinstance(listener, DtlsListener):
            listener.use(_contexts[security])


def begin_dial(conn: DatagramConn, context: SSL.Context, name: str | None) -> DtlsSecuring:
    """Return a client's handshake, to run step by step. Owns ``conn``.

    Arguments:
        name: the name that the server's certificate must have.
    """
    codec, expected = client_side(context, name)
    return DtlsSecuring(conn, codec, expected, server_side=False)


def secure(
    conn: Conn, context: SSL.Context, security: Security, host: str, report: Report
) -> DtlsConn:
    """Return a client's connection through DTLS, which owns ``conn``.

    Arguments:
        host: the server's host, as the user gave it.

    Raises TlsError, DialError, UsageError.
    """
    if not isinstance(conn, DatagramConn):
        conn.close()
        raise UsageError(f"DTLS needs UDP, not {conn.peer}")
    if not security.verify:
        report(Unverified(conn.peer))
    name = security.server_name or without_zone(host) or None
    return dtls.secured(conn, context, name, security.timeout)


def listening(listener: Listener, security: Security, options: Options) -> Listener:
    """Return a DTLS listener over a datagram listener, which it owns; clients must show a cookie.

    Raises UsageError.
    """
    own = dtls.listening(listener, listener_context(security), options)
    own.admits = options.admits
    return own
