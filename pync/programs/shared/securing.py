"""TLS between dialling and talking: contexts, handshakes, and the events about them.

This module is imported only when TLS is used.
"""

from __future__ import annotations

import ssl
from hashlib import sha256

from ...core.address import without_zone
from ...core.errors import UsageError
from ...core.events import Report
from ...core.server_events import Secured, Unverified
from ...core.typed import TYPE_CHECKING
from ...transports.conn import Conn, StreamConn
from ...transports.layered import LayeredConn
from ...transports.tls import handshake
from ...transports.tls.handshake import Securing, Security, client_context, server_context

if TYPE_CHECKING:
    from typing import Any

__all__ = ["begin_welcome", "client_context", "listener_context", "renew", "report_on", "secure"]

_NO_STREAM = "TLS needs a stream, not datagrams"


#: The contexts of listeners. All clients share one: a new self-signed certificate would be another
#: identity.
_contexts: dict[Security, ssl.SSLContext] = {}


def listener_context(security: Security) -> ssl.SSLContext:
    """Return a listener's context, with its certificate. Raises UsageError."""
    if security not in _contexts:
        _contexts.clear()
        renew(security)
    return _contexts[security]


def renew(security: Security) -> None:
    """Read the files of a listener's context again. Raises UsageError; nothing changes then."""
    _contexts[security] = server_context(security)


def forget() -> None:
    """Drop the contexts of listeners, which closes an open key log."""
    _contexts.clear()


def secure(
    conn: Conn, context: ssl.SSLContext, security: Security, host: str, report: Report
) -> LayeredConn:
    """Return a client's connection through TLS. Owns ``conn``. Raises TlsError, UsageError.

    Arguments:
        host: the server's host, as the user gave it.
    """
    if not isinstance(conn, StreamConn):
        conn.close()
        raise UsageError(_NO_STREAM)
    name = security.server_name or without_zone(host) or None
    if not security.verify:
        report(Unverified(conn.peer))
    return handshake.secure(
        conn, context, server_name=name, starttls=security.starttls, timeout=security.timeout
    )


def begin_welcome(conn: Conn, security: Security) -> Securing:
    """Return the handshake with an accepted connection, to run step by step. Owns ``conn``.

    Raises UsageError, with ``conn`` closed.
    """
    try:
        if not isinstance(conn, StreamConn):
            raise UsageError(_NO_STREAM)
        return Securing(conn, listener_context(security), server_side=True)
    except BaseException:
        conn.close()
        raise


def report_on(conn: Conn, report: Report, *, details: bool) -> None:
    """Report what TLS has negotiated, and the peer's certificate.

    Arguments:
        details: whether to report the contents of the certificate too.
    """
    codec: Any = getattr(conn, "codec", None)
    assert codec is not None
    certificate = codec.certificate
    event = Secured(conn.peer, codec.version, codec.cipher, codec.protocol)
    if certificate:
        event = event._replace(fingerprint=sha256(certificate).hexdigest())
        if details:
            from ...transports.tls.certificate import described

            event = event._replace(**described(certificate)._asdict())
    report(event)
