"""The contexts of DTLS (pyOpenSSL): versions, ciphers, certificates from files, verification.

The options are those of TLS, with the same errors: credentials.py first loads files with the module
``ssl``, whose errors say what is wrong with them. A client verifies the certificate and its name
unless the user switches that off.
"""

from __future__ import annotations

import os
import ssl
import sys
from collections.abc import Callable
from functools import cache, partial

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL, crypto

from ...core.errors import UsageError
from ...core.number import is_digits
from ...core.typed import TYPE_CHECKING
from ...layers.dtls import MTU, DtlsCodec
from ..tls.certificate import self_made
from ..tls.credentials import load_own, trusting
from ..tls.handshake import MANY_CIPHERS, Security, check_protocols, with_keylog
from .cookies import Cookies
from .verifying import Expected, verify

if TYPE_CHECKING:
    from typing import Any

#: The values of --ssl-min-version and --ssl-max-version; DTLS 1.1 does not exist (RFC 6347 1).
VERSIONS = {"1.0": 0xFEFF, "1.2": 0xFEFD}


def client_context(security: Security) -> SSL.Context:
    """Return the context of a client, which verifies its server. Raises UsageError."""
    security = with_keylog(security)
    context = _context(security)
    if security.verify:
        _trust(context, security)
        context.set_verify(SSL.VERIFY_PEER, verify)
    if security.certificate is not None:
        load_own(_Files(context), security.certificate, security.key, security.ask)  # type: ignore[arg-type]
    if security.protocols:
        context.set_alpn_protos([name.encode() for name in security.protocols])
    return context


def server_context(security: Security) -> SSL.Context:
    """Return the context of a listener: its certificate, its cookies, its checks of clients.

    Raises UsageError.
    """
    security = with_keylog(security)
    context = _context(security)
    if security.certificate is None:
        _show_self_made(context)
    else:
        load_own(_Files(context), security.certificate, security.key, security.ask)  # type: ignore[arg-type]
    if security.trusted is not None:
        _trust(context, security)
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, verify)
    if security.protocols:
        known = [name.encode() for name in security.protocols]
        context.set_alpn_select_callback(partial(_choose, known))
    # (A context cannot be changed once it is used, and several listeners may use one.)
    cookies = Cookies()
    context.set_cookie_generate_callback(cookies.make)
    context.set_cookie_verify_callback(cookies.is_good)
    return context


def client_side(context: SSL.Context, name: str | None) -> tuple[DtlsCodec, Expected]:
    """Return a client's side, and what it expects: the server's certificate must have ``name``."""
    expected = Expected(name)
    connection = _connection(context, expected)
    connection.set_connect_state()
    if name is not None and not _is_number(name):
        try:
            connection.set_tlsext_host_name(name.encode("idna"))
        except UnicodeError:
            pass  # not a valid host name: no certificate will have it
    return DtlsCodec(connection), expected


def server_connection(context: SSL.Context) -> SSL.Connection:
    """Return a server's side that has not received anything yet."""
    connection = _connection(context, Expected(None))
    connection.set_accept_state()
    return connection


def _connection(context: SSL.Context, expected: Expected) -> SSL.Connection:
    connection = SSL.Connection(context, None)
    connection.set_ciphertext_mtu(MTU)
    connection.set_app_data(expected)
    return connection


def _context(security: Security) -> SSL.Context:
    context = SSL.Context(SSL.DTLS_METHOD)
    # (OpenSSL has no socket here from which it could query the MTU.)
    context.set_options(SSL.OP_NO_QUERY_MTU | SSL.OP_NO_COMPRESSION)
    context.set_min_proto_version(VERSIONS["1.0" if security.lenient else "1.2"])
    ciphers = security.ciphers or (MANY_CIPHERS if security.lenient else None)
    if ciphers is not None:
        try:
            context.set_cipher_list(ciphers.encode())
        except (SSL.Error, UnicodeError):
            raise UsageError(f"--ssl-ciphers {ciphers!r}: no cipher fits") from None
    if security.least is not None:
        context.set_min_proto_version(_version(security.least, "--ssl-min-version"))
    if security.most is not None:
        context.set_max_proto_version(_version(security.most, "--ssl-max-version"))
    check_protocols(security.protocols)
    if security.keylog is not None:
        context.set_keylog_callback(partial(_log_keys, security.keylog))
    return context


def _version(text: str, option: str) -> int:
    name = text.lower().removeprefix("dtlsv").removeprefix("dtls").removeprefix("tlsv")
    if name not in VERSIONS:
        raise UsageError(f"{option}: {text!r} is not a version of DTLS ({', '.join(VERSIONS)})")
    return VERSIONS[name]


def _log_keys(path: str, _connection: SSL.Connection, line: bytes) -> None:
    # (with_keylog() has made sure that the file exists, and that only its owner can read it.)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        os.write(descriptor, line + b"\n")
    finally:
        os.close(descriptor)


def _choose(known: list[bytes], _connection: SSL.Connection, offered: list[bytes]) -> Any:
    """Return our first protocol that the client offers too, as ``ssl`` does; else, send no ALPN."""
    return next((name for name in known if name in offered), SSL.NO_OVERLAPPING_PROTOCOLS)


def _trust(context: SSL.Context, security: Security) -> None:
    if security.trusted is not None:
        trusting(_Files(context).load_verify_locations, security.trusted)
        return
    found = ssl.get_default_verify_paths()
    if found.cafile or found.capath:
        context.load_verify_locations(found.cafile, found.capath)
    if sys.platform == "win32":
        store = context.get_cert_store()
        for data, encoding, _ in ssl.enum_certificates("ROOT"):
            if encoding == "x509_asn" and store is not None:
                store.add_cert(crypto.X509.from_cryptography(x509.load_der_x509_certificate(data)))


def _show_self_made(context: SSL.Context) -> None:
    pem = self_made()
    context.use_certificate(x509.load_pem_x509_certificate(pem))
    context.use_privatekey(load_pem_private_key(pem, None))  # type: ignore[arg-type]


def _is_number(host: str) -> bool:
    return ":" in host or is_digits(host.rpartition(".")[2])


class _Files:
    """A loader of files with the methods and the errors of ssl.SSLContext.

    Arguments:
        context: gets the contents after ``ssl`` has accepted them.
    """

    def __init__(self, context: SSL.Context) -> None:
        self._context = context
        self._trial = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    def load_cert_chain(
        self, certificate: str, key: str | None, passphrase: Callable[[], bytes]
    ) -> None:
        """Load our certificates and private key (PEM). Raises OSError (ssl.SSLError)."""
        typed: list[bytes] = []

        @cache
        def asked() -> bytes:
            typed.append(passphrase())
            return typed[0]

        self._trial.load_cert_chain(certificate, key, asked)
        self._context.use_certificate_chain_file(certificate)
        if not typed:
            self._context.use_privatekey_file(key or certificate)
            return
        with open(key or certificate, "rb") as file:
            pem = file.read()
        begin = pem.index(b"-----BEGIN", pem.index(b"PRIVATE KEY") - len(b"-----BEGIN ENCRYPTED "))
        private = load_pem_private_key(pem[begin:], typed[0])
        self._context.use_privatekey(private)  # type: ignore[arg-type]

    def load_verify_locations(self, cafile: str | None = None, cadata: bytes | None = None) -> None:
        """Trust certificates. Raises OSError, ValueError."""
        self._trial.load_verify_locations(cafile=cafile, cadata=cadata)
        if cafile is not None:
            self._context.load_verify_locations(cafile)
        store = self._context.get_cert_store()
        if cadata is not None and store is not None:
            found = x509.load_der_x509_certificate(cadata)
            store.add_cert(crypto.X509.from_cryptography(found))
