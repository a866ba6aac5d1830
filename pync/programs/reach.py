"""Reaching a peer: what lies between "dial" and "talk", and between "accept" and "talk".

A client dials, goes through its proxies, then secures the connection. A listener sees
whether the peer may come at all, then secures the connection; not a byte is read before.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING

from ..core.address import without_zone
from ..core.config import Config
from ..core.errors import DialError, UsageError
from ..core.events import AttemptFailed, PeerProcess, Report, Secured, Unverified
from ..transports import dial
from ..transports.conn import Conn, StreamConn
from .common import options_of

if TYPE_CHECKING:
    import ssl

    from ..transports.layered import LayeredConn
    from ..transports.security import Securing, Security


def connect(config: Config, report: Report) -> Conn:
    """A connection to the address asked for, ready to talk over.

    Raises PyncError, UsageError.
    """
    assert config.address is not None
    if not config.ssl:
        return _spoken_to(_identified(_dial(config, report), config, report), config)
    from ..transports.security import client_context

    # Before anybody is bothered: files that cannot be read, versions that are none.
    context = client_context(_security(config))
    conn = _dial(config, report)
    return _secure(config, conn, context, report, server_side=False)


def _dial(config: Config, report: Report) -> Conn:
    """A connection, plain; with --retry again and again, if nobody answers.

    Raises DialError, ProxyError.
    """
    assert config.address is not None
    times, pause = config.retry or (0, 0.0)
    for _ in range(times):
        try:
            return _dial_once(config, report)
        except DialError as error:
            # A name that does not resolve may do so later, too. (Of several addresses
            # each has been reported already.)
            if len(error.attempts) <= 1:
                report(AttemptFailed(config.address, error.cause))
            time.sleep(pause)
    return _dial_once(config, report)


def _dial_once(config: Config, report: Report) -> Conn:
    if config.proxies:
        from .tunnelling import dial_through

        return dial_through(config, report)
    assert config.address is not None
    return dial(config.address, options_of(config, report))


def check_listener(config: Config) -> None:
    """Have ready, before it listens, what a listener needs for its clients.

    Raises UsageError for a file that cannot be read.
    """
    if config.ssl:
        _listener_context(_security(config))
    if config.keep_open or config.program != "server":
        _import_for_clients(config)


def _import_for_clients(config: Config) -> None:
    """Import what serving a client needs: later no descriptor may be left for it (EMFILE)."""
    modules = []
    if os.name == "posix":
        modules.append("fcntl")
    if config.telnet:
        modules.append("pync.transports.telnet")
    if config.program == "executor":
        modules.append("subprocess")
    if config.program == "proxy":
        # The last two are for names that are not ASCII (IDNA).
        modules += ["encodings.idna", "encodings.punycode"]
    if config.proxies:
        modules += ["pync.programs.proxying.reaching", "pync.layers.socks", "pync.layers.http_auth"]
    for module in modules:
        import_module(module)


def welcome(conn: Conn, config: Config, report: Report) -> Conn:
    """An accepted connection, ready to talk over. Owns ``conn`` from now on.

    Raises PyncError, with ``conn`` closed.
    """
    if not config.ssl:
        return _spoken_to(_identified(conn, config, report), config)
    try:
        context = _listener_context(_security(config))
    except BaseException:
        conn.close()
        raise
    return _secure(config, conn, context, report, server_side=True)


def begin_welcome(conn: Conn, config: Config) -> Securing:
    """The handshake with an accepted connection, to be taken step by step. Owns ``conn``.

    Raises UsageError, with ``conn`` closed.
    """
    from ..transports.security import Securing

    try:
        if not isinstance(conn, StreamConn):
            raise UsageError("TLS needs a stream, not datagrams")
        return Securing(conn, _listener_context(_security(config)), server_side=True)
    except BaseException:
        conn.close()
        raise


def end_welcome(secured: LayeredConn, config: Config, report: Report) -> Conn:
    """The connection after that handshake, ready to talk over."""
    _report_on(secured.codec, secured, report)
    return _spoken_to(secured, config)


@lru_cache(maxsize=1)
def _listener_context(security: Security) -> ssl.SSLContext:
    # One for all clients: a certificate that is made anew is another identity.
    from ..transports.security import server_context

    return server_context(security)


def _security(config: Config) -> Security:
    from ..transports.security import Security

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
    )


def _secure(
    config: Config, conn: Conn, context: ssl.SSLContext, report: Report, *, server_side: bool
) -> Conn:
    """The connection through TLS. Owns ``conn`` from now on. Raises TlsError, UsageError."""
    from ..transports.security import secure

    if not isinstance(conn, StreamConn):
        conn.close()
        raise UsageError("TLS needs a stream, not datagrams")
    name = None
    if not server_side and config.address is not None:
        name = config.ssl_servername or without_zone(config.address.host) or None
        if config.insecure or not config.verifies:
            report(Unverified(conn.peer))
    timeout = config.connect_timeout if config.connect_timeout is not None else config.wait
    secured = secure(conn, context, server_side=server_side, server_name=name, timeout=timeout)
    _report_on(secured.codec, secured, report)
    return _spoken_to(secured, config)


def _report_on(codec: object, secured: Conn, report: Report) -> None:
    from hashlib import sha256

    from ..layers.tls import TlsCodec

    assert isinstance(codec, TlsCodec)
    certificate = codec.certificate
    fingerprint = sha256(certificate).hexdigest() if certificate else ""
    report(Secured(secured.peer, codec.version, codec.cipher, codec.protocol, fingerprint))


def _identified(conn: Conn, config: Config, report: Report) -> Conn:
    """The connection; its peer's process has been told of, where the system knows it."""
    asking: Callable[[], int | None] | None = getattr(conn, "peer_process", None)
    if asking is not None and (config.verbose or config.json):
        process = asking()
        if process is not None:
            report(PeerProcess(conn.peer, process))
    return conn


def _spoken_to(conn: Conn, config: Config) -> Conn:
    """The connection, with its TELNET answered if that was asked for (``-t``)."""
    if not config.telnet:
        return conn
    from ..transports.telnet import TelnetConn

    return TelnetConn(conn)
