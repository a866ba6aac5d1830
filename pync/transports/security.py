"""Contexts and handshakes of TLS: files are read here, and time passes.

A client verifies the certificate and its name unless it was told not to. A listener
without a certificate makes one for itself, which nobody can verify.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from typing import NamedTuple

from ..core.broken import over_tls
from ..core.deadline import Deadline
from ..core.errors import TlsError, UsageError, shortened
from ..layers.tls import TlsCodec, explained
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
        raise UsageError(f"--ssl-trustfile {security.trusted}: {explained(error)}") from None
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
            raise UsageError(f"--ssl-trustfile {security.trusted}: {explained(error)}") from None
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
    before = conn.gettimeout()
    deadline = Deadline(HANDSHAKE if timeout is None else timeout)
    securing = Securing(conn, context, server_side=server_side, server_name=server_name)
    secured = securing.step(lambda: conn.settimeout(max(0.001, deadline.remaining or 0.001)))
    conn.settimeout(before)
    return secured


class Securing:
    """A handshake that can be taken step by step, where others must not wait for it.

    Arguments:
        conn: owned from now on.
        context, server_side, server_name: as for secure().
    """

    def __init__(
        self,
        conn: StreamConn,
        context: ssl.SSLContext,
        *,
        server_side: bool,
        server_name: str | None = None,
    ) -> None:
        self._conn = conn
        self._server_side = server_side
        self._codec = TlsCodec(context, server_side=server_side, server_name=server_name)
        self._unsent = b""
        self._early = b""
        self._codec.start()

    @property
    def writes(self) -> bool:
        """Whether it waits to write, not to read."""
        return bool(self._unsent)

    def step(self, prepare: Callable[[], None] = lambda: None) -> LayeredConn:
        """Go on; returns the connection through TLS when the handshake is over.

        Arguments:
            prepare: is called before each read and write.

        Raises BlockingIOError when it has to wait, TlsError with the connection closed.
        """
        try:
            self._go_on(prepare)
        except BlockingIOError:
            raise
        except (OSError, ssl.CertificateError) as error:
            self._conn.close()
            operation = "accept" if self._server_side else "dial"
            raise TlsError(operation, over_tls(self._conn.peer), explained(error)) from None
        except BaseException:
            self._conn.close()
            raise
        secured = LayeredConn(self._conn, self._codec)
        # The peer's first words may have come together with its handshake.
        secured.hold(self._early)
        return secured

    def _go_on(self, prepare: Callable[[], None]) -> None:
        while True:
            self._unsent += self._codec.outgoing()
            while self._unsent:
                prepare()
                self._unsent = self._unsent[self._conn.send(self._unsent) :]
            if self._codec.established:
                return
            prepare()
            received = self._conn.recv(READ)
            if not received:
                raise ConnectionError("the peer ended the connection in the handshake")
            try:
                self._early = self._codec.receive(received)
            except ssl.SSLError:
                self._say_why()
                raise

    def _say_why(self) -> None:
        try:
            self._conn.send(self._codec.outgoing())
        except OSError:
            pass  # it does not want to know


def _load(context: ssl.SSLContext, security: Security) -> None:
    assert security.certificate is not None
    try:
        context.load_cert_chain(security.certificate, security.key)
    except (OSError, ssl.SSLError) as error:
        files = " ".join(filter(None, (security.certificate, security.key)))
        raise UsageError(f"--ssl-cert {files}: {explained(error)}") from None


def _tuned(context: ssl.SSLContext, security: Security) -> ssl.SSLContext:
    if security.ciphers is not None:
        try:
            context.set_ciphers(security.ciphers)
        except (ssl.SSLError, UnicodeError):
            raise UsageError(f"--ssl-ciphers {security.ciphers!r}: no cipher fits") from None
    if security.protocols:
        _check_protocols(security.protocols)
        context.set_alpn_protocols(list(security.protocols))
    if security.least is not None:
        context.minimum_version = _version(security.least, "--ssl-min-version")
    if security.most is not None:
        context.maximum_version = _version(security.most, "--ssl-max-version")
    if security.keylog is not None:
        try:
            context.keylog_filename = security.keylog
        except OSError as error:
            raise UsageError(f"--ssl-keylog {security.keylog}: {explained(error)}") from None
    return context


def _check_protocols(names: tuple[str, ...]) -> None:
    # RFC 7301 3.1: 1 to 255 bytes each; Python takes ASCII only.
    for name in names:
        if not (name.isascii() and 0 < len(name) < 256):
            raise UsageError(
                f"--ssl-alpn: {shortened(name)} is not a protocol name (1 to 255 ASCII characters)"
            )


def _version(text: str, option: str) -> ssl.TLSVersion:
    name = text.lower().removeprefix("tlsv").removeprefix("tls")
    if name not in VERSIONS:
        raise UsageError(f"{option}: {text!r} is no version of TLS ({', '.join(VERSIONS)})")
    return VERSIONS[name]
