"""Contexts and handshakes of TLS: files are read here, and time passes.

A client verifies the certificate and its name unless it was told not to. A listener
without a certificate makes one for itself, which nobody can verify.
"""

from __future__ import annotations

import os
import ssl
from typing import NamedTuple

from ..core.address import Address
from ..core.deadline import Deadline
from ..core.errors import TlsError, UsageError, cause_of
from ..layers.tls import TlsCodec
from .conn import StreamConn
from .layered import READ, LayeredConn

#: Seconds that a handshake may take; a client that says nothing must not hold up others.
HANDSHAKE = 30.0

VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}


class Security(NamedTuple):
    """How a connection is to be secured; files are paths, names as the user typed them."""

    verify: bool = True
    certificate: str | None = None
    key: str | None = None
    trusted: str | None = None
    ciphers: str | None = None
    server_name: str | None = None
    protocols: tuple[str, ...] = ()
    least: str | None = None
    most: str | None = None
    keylog: str | None = None


def client_context(security: Security) -> ssl.SSLContext:
    """What a client asks of its server. Raises UsageError."""
    try:
        context = ssl.create_default_context(cafile=security.trusted)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"--ssl-trustfile {security.trusted}: {_said(error)}") from None
    if not security.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if security.certificate is not None:
        _load(context, security)
    return _tuned(context, security)


def server_context(security: Security) -> ssl.SSLContext:
    """What a listener shows its clients, and asks of them. Raises UsageError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if security.certificate is not None:
        _load(context, security)
    else:
        from .certificate import use_self_made

        use_self_made(context)
    if security.trusted is not None:
        try:
            context.load_verify_locations(security.trusted)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(f"--ssl-trustfile {security.trusted}: {_said(error)}") from None
        context.verify_mode = ssl.CERT_REQUIRED
    # As ssl.create_default_context does it for clients.
    keylog = security.keylog or os.environ.get("SSLKEYLOGFILE")
    return _tuned(context, security._replace(keylog=keylog))


def secure(
    conn: StreamConn,
    context: ssl.SSLContext,
    *,
    server_side: bool = False,
    server_name: str | None = None,
    timeout: float | None = None,
) -> LayeredConn:
    """Shake hands; returns the connection through TLS, which owns ``conn``.

    Arguments:
        server_name: whom a client expects.
        timeout: seconds for the handshake; None: HANDSHAKE.

    Raises TlsError, with ``conn`` closed.
    """
    codec = TlsCodec(context, server_side=server_side, server_name=server_name)
    secured = LayeredConn(conn, codec)
    before = conn.gettimeout()
    try:
        early = _shake_hands(conn, codec, Deadline(HANDSHAKE if timeout is None else timeout))
        secured.hold(early)
        conn.settimeout(before)
    except (OSError, ssl.CertificateError) as error:
        conn.close()
        operation = "accept" if server_side else "dial"
        raise TlsError(operation, _shown(conn.peer), _said(error)) from None
    except BaseException:
        conn.close()
        raise
    return secured


def _shake_hands(conn: StreamConn, codec: TlsCodec, deadline: Deadline) -> bytes:
    """Returns the peer's first words, if they came together with its handshake."""
    early = b""
    codec.start()
    while True:
        data = codec.outgoing()
        conn.settimeout(max(0.001, deadline.remaining or 0.001))
        if data:
            conn.send_all(data)
        if codec.established:
            return early
        received = conn.recv(READ)
        if not received:
            raise ConnectionError("the peer ended the connection in the handshake")
        try:
            early = codec.receive(received)
        except ssl.SSLError:
            conn.send_all(codec.outgoing())
            raise


def _load(context: ssl.SSLContext, security: Security) -> None:
    assert security.certificate is not None
    try:
        context.load_cert_chain(security.certificate, security.key)
    except (OSError, ssl.SSLError) as error:
        files = " ".join(filter(None, (security.certificate, security.key)))
        raise UsageError(f"--ssl-cert {files}: {_said(error)}") from None


def _tuned(context: ssl.SSLContext, security: Security) -> ssl.SSLContext:
    if security.ciphers is not None:
        try:
            context.set_ciphers(security.ciphers)
        except ssl.SSLError:
            raise UsageError(f"--ssl-ciphers {security.ciphers!r}: no cipher fits") from None
    if security.protocols:
        context.set_alpn_protocols(list(security.protocols))
    if security.least is not None:
        context.minimum_version = _version(security.least, "--ssl-min-version")
    if security.most is not None:
        context.maximum_version = _version(security.most, "--ssl-max-version")
    if security.keylog is not None:
        try:
            context.keylog_filename = security.keylog
        except OSError as error:
            raise UsageError(f"--ssl-keylog {security.keylog}: {_said(error)}") from None
    return context


def _version(text: str, option: str) -> ssl.TLSVersion:
    name = text.lower().removeprefix("tlsv").removeprefix("tls")
    if name not in VERSIONS:
        raise UsageError(f"{option}: {text!r} is no version of TLS ({', '.join(VERSIONS)})")
    return VERSIONS[name]


def _said(error: Exception) -> str:
    """What OpenSSL says, without its codes and source lines."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate verify failed: {error.verify_message}"
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.lower().replace("_", " ")
    return cause_of(error) if isinstance(error, OSError) else str(error)


def _shown(peer: Address) -> str:
    return str(peer).replace("tcp", "tls", 1)
