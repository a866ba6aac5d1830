"""TLS as the user asked for it: contexts, handshakes, and the events about them.

It is imported when TLS is asked for, and not before.
"""

from __future__ import annotations

import ssl
from functools import lru_cache
from hashlib import sha256

from ...core.address import without_zone
from ...core.config import Config
from ...core.errors import UsageError
from ...core.events import Report, Secured, Unverified
from ...layers.tls import TlsCodec
from ...transports.conn import Conn, StreamConn
from ...transports.layered import LayeredConn
from ...transports.tls import handshake
from ...transports.tls.handshake import Securing, Security

_NO_STREAM = "TLS needs a stream, not datagrams"


def client_context(config: Config) -> ssl.SSLContext:
    """What a client asks of its server. Raises UsageError."""
    return handshake.client_context(_security(config))


def listener_context(config: Config) -> ssl.SSLContext:
    """What a listener shows its clients. Raises UsageError."""
    return _listener_context(_security(config))


@lru_cache(maxsize=1)
def _listener_context(asked: Security) -> ssl.SSLContext:
    # One for all clients: a certificate that is made anew is another identity.
    return handshake.server_context(asked)


def secure(conn: Conn, context: ssl.SSLContext, config: Config, report: Report) -> LayeredConn:
    """A client's connection through TLS. Owns ``conn``. Raises TlsError, UsageError."""
    if not isinstance(conn, StreamConn):
        conn.close()
        raise UsageError(_NO_STREAM)
    name = None
    if config.address is not None:
        name = config.ssl_servername or without_zone(config.address.host) or None
    if config.insecure or not config.verifies:
        report(Unverified(conn.peer))
    seconds = seconds_for_handshake(config)
    return handshake.secure(conn, context, server_name=name, timeout=seconds)


def seconds_for_handshake(config: Config) -> float:
    """How long a handshake may take, of a client and of a listener's client."""
    asked = config.connect_timeout if config.connect_timeout is not None else config.wait
    return handshake.HANDSHAKE_TIMEOUT if asked is None else asked


def begin_welcome(conn: Conn, config: Config) -> Securing:
    """The handshake with an accepted connection, to be taken step by step. Owns ``conn``.

    Raises UsageError, with ``conn`` closed.
    """
    try:
        if not isinstance(conn, StreamConn):
            raise UsageError(_NO_STREAM)
        return Securing(conn, listener_context(config), server_side=True)
    except BaseException:
        conn.close()
        raise


def report_on(conn: Conn, config: Config, report: Report) -> None:
    """Tell what was agreed upon, and whose certificate was shown."""
    assert isinstance(conn, LayeredConn)
    codec = conn.codec
    assert isinstance(codec, TlsCodec)
    certificate = codec.certificate
    event = Secured(conn.peer, codec.version, codec.cipher, codec.protocol)
    if certificate:
        event = event._replace(fingerprint=sha256(certificate).hexdigest())
        if config.verbose or config.json:
            from ...transports.tls.certificate import described

            event = event._replace(**described(certificate)._asdict())
    report(event)


def _security(config: Config) -> Security:
    return Security(
        verify=config.verifies and not config.insecure,
        certificate=config.ssl_cert,
        key=config.ssl_key,
        trusted=config.ssl_trustfile,
        ciphers=config.ssl_ciphers,
        server_name=config.ssl_servername,
        protocols=tuple(filter(None, (config.ssl_alpn or "").split(","))),
        least=config.ssl_min_version,
        most=config.ssl_max_version,
        keylog=config.ssl_keylog,
        ask=_ask,
        lenient=config.lenient,
    )


def _ask(prompt: str) -> bytes:
    from .password_prompt import ask

    return ask(prompt)
