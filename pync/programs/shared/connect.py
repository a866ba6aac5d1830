"""Reaching a peer: what lies between "dial" and "talk", and between "accept" and "talk".

A client dials, goes through its proxies, then secures the connection. A listener sees
whether the peer may come at all, then secures the connection; not a byte is read before.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from importlib import import_module

from ...core.config import Config
from ...core.errors import DialError
from ...core.events import AttemptFailed, PeerProcess, Report
from ...transports import dial
from ...transports.conn import Conn
from .options import options_of


def connect(config: Config, report: Report) -> Conn:
    """A connection to the address asked for, ready to talk over.

    Raises PyncError, UsageError.
    """
    assert config.address is not None
    if not config.ssl:
        return welcome(_dial(config, report), config, report)
    from . import securing

    # Before anybody is bothered: files that cannot be read, versions that are none.
    context = securing.client_context(config)
    return welcome(securing.secure(_dial(config, report), context, config, report), config, report)


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
    assert config.address is not None
    if config.proxies:
        from .via_proxies import dial_through, route_of

        return dial_through(config.address, route_of(config), options_of(config, report))
    return dial(config.address, options_of(config, report))


def check_listener(config: Config) -> None:
    """Have ready, before it listens, what a listener needs for its clients.

    Raises UsageError for a file that cannot be read.
    """
    if config.ssl:
        from .securing import listener_context

        listener_context(config)
    if config.keep_open or config.program != "server":
        _import_for_clients(config)


def _import_for_clients(config: Config) -> None:
    """Import what serving a client needs: later no descriptor may be left for it (EMFILE)."""
    modules = []
    if os.name == "posix":
        modules.append("fcntl")
    if config.ssl:
        modules.append("pync.transports.tls.accept")
    if config.telnet:
        modules.append("pync.transports.telnet")
    if config.program == "executor":
        modules.append("subprocess")
    if config.program == "proxy":
        # The last two are for names that are not ASCII (IDNA).
        modules += ["encodings.idna", "encodings.punycode"]
    if config.proxies:
        modules += ["pync.programs.proxy.upstream", "pync.layers.socks", "pync.layers.http_auth"]
    for module in modules:
        import_module(module)


def welcome(conn: Conn, config: Config, report: Report) -> Conn:
    """A connection, in plain or its handshake done, ready to talk over."""
    if config.ssl:
        from .securing import report_on

        report_on(conn, config, report)
    return _spoken_to(_identified(conn, config, report), config)


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
    from ...transports.telnet import TelnetConn

    return TelnetConn(conn)
