"""TLS between "dial" and "talk": contexts, handshakes, and the events about them.

It is imported when TLS is asked for, and not before.
"""

from __future__ import annotations

import ssl
from hashlib import sha256

from ...core.address import without_zone
from ...core.errors import UsageError
from ...core.events import Report, Secured, Unverified
from ...layers.tls import TlsCodec
from ...transports.conn import Conn, StreamConn
from ...transports.layered import LayeredConn
from ...transports.tls import handshake
from ...transports.tls.handshake import Securing, Security, client_context, server_context

__all__ = ["begin_welcome", "client_context", "listener_context", "renew", "report_on", "secure"]

_NO_STREAM = "TLS needs a stream, not datagrams"


#: What listeners show. One for all clients: a certificate that is made anew is another identity.
_contexts: dict[Security, ssl.SSLContext] = {}


def listener_context(security: Security) -> ssl.SSLContext:
    """What a listener shows its clients. Raises UsageError."""
    if security not in _contexts:
        _contexts.clear()
        renew(security)
    return _contexts[security]


def renew(security: Security) -> None:
    """Read what a listener shows its clients again. Raises UsageError; then it stays as it is."""
    _contexts[security] = server_context(security)


def forget() -> None:
    """Let go of what listeners show, and with it of an open key log."""
    _contexts.clear()


def secure(
    conn: Conn, context: ssl.SSLContext, security: Security, host: str, report: Report
) -> LayeredConn:
    """Return a client's connection through TLS. Owns ``conn``. Raises TlsError, UsageError.

    Arguments:
        host: as it was asked for.
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
    """Return the handshake with an accepted connection, to be taken step by step. Owns ``conn``.

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
    """Report what was agreed upon, and whose certificate was shown.

    Arguments:
        details: whether what the certificate says is reported too.
    """
    assert isinstance(conn, LayeredConn)
    codec = conn.codec
    assert isinstance(codec, TlsCodec)
    certificate = codec.certificate
    event = Secured(conn.peer, codec.version, codec.cipher, codec.protocol)
    if certificate:
        event = event._replace(fingerprint=sha256(certificate).hexdigest())
        if details:
            from ...transports.tls.certificate import described

            event = event._replace(**described(certificate)._asdict())
    report(event)
