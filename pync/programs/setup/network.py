"""How to dial and how to listen, derived from the Config: options, TLS, proxies, access lists."""

from __future__ import annotations

import os

from ...core.address import DATAGRAMS, WEBSOCKETS, Address
from ...core.config import ANYONE, Config, is_dtls
from ...core.errors import UsageError
from ...core.events import Report, silent
from ...core.typed import TYPE_CHECKING
from ...transports import Options, everyone
from ...transports.sockopts import FASTOPEN_QUEUE, OPTIONS, is_mptcp_here
from ..shared.connect import DialSetup

if TYPE_CHECKING:
    from ...transports.tls.handshake import Security
    from ..shared.access import Admits
    from ..shared.entry import Entry
    from ..shared.listening import ListenSetup
    from ..shared.via_proxies import Route

#: The values of --proxy-dns with which pync looks the target's name up, and not the proxy.
_LOCAL = ("local", "none")


def dial_setup(config: Config) -> DialSetup:
    """Return how to connect to the address of the Config. Raises UsageError."""
    return DialSetup(
        address=_carrier(config),
        options=options_of(config),
        entry=entry_of(config),
        route=route_of(config),
        retry=config.retry or (0, 0.0),
    )


def listen_setup(config: Config, report: Report) -> ListenSetup:
    """Return how to listen, and which clients to accept. Raises UsageError."""
    from ..shared.listening import ListenSetup

    assert config.address is not None
    admits, announced = admits_of(config, report), None
    if config.accept_proxy_protocol is not None:
        from ..shared.announced import Announced

        admits, announced = _proxies_of(config, report), Announced(admits)
    return ListenSetup(
        address=_carrier(config),
        options=options_of(config)._replace(admits=admits, report=report),
        entry=entry_of(config),
        keep_open=config.keep_open,
        max_conns=config.max_conns,
        accept_timeout=config.accept_timeout,
        report_port=config.report_port,
        offered=_offered(config),
        modules=_modules(config),
        announced=announced,
        workers=config.workers or 1,
    )


def options_of(config: Config) -> Options:
    """Return the options of the socket, without ``admits`` and ``report``."""
    return Options(
        timeout=None if config.listen else _connect_timeout(config),
        happy_eyeballs=config.happy_eyeballs,
        source=config.source,
        source_port=None if config.listen else config.source_port,
        numeric=config.nodns,
        family=4 if config.ipv4 else 6 if config.ipv6 else 0,
        dual_stack=config.dual_stack,
        own_path=config.own_path,
        many=config.keep_open,
        datagrams=bool(config.udp),
        sockopts=_sockopts(config),
        mptcp=config.mptcp,
        md5_key=_md5_key() if config.md5sig else None,
        source_route=config.loose_route,
        route_pointer=config.route_pointer or 4,
        pipe_messages=config.pipe_mode == "message",
        pipe_access=config.pipe_access or "user",
        pipe_remote=config.pipe_remote,
    )


def target_options(config: Config, seconds: float) -> Options:
    """Return the options of a proxy server's connections to targets.

    Arguments:
        seconds: the time-out, unless the user has set one.
    """
    asked = _connect_timeout(config)
    return options_of(config)._replace(
        timeout=seconds if asked is None else asked,
        # These are for the listener. (The session reports a target that was not reached.)
        source=None,
        source_port=None,
        report=silent,
    )


def has_datagrams(config: Config) -> bool:
    """Return whether the address is one of datagrams, also for an inherited socket (-u)."""
    return bool(config.udp) or (config.address is not None and config.address.scheme in DATAGRAMS)


def entry_of(config: Config) -> Entry | None:
    """Return how each new connection is prepared; None for no preparation."""
    is_websocket = config.address is not None and config.address.scheme in WEBSOCKETS
    if not (config.ssl or config.telnet or config.verbose or config.json or is_websocket):
        return None
    from ..shared.entry import Entry

    entry = Entry(
        tls=security_of(config) if config.ssl else None,
        telnet=config.telnet,
        details=bool(config.verbose or config.json),
    )
    if not is_websocket:
        return entry
    from .websockets import upgrade_of

    return entry._replace(upgrade=upgrade_of(config), at=config.address)


def _carrier(config: Config) -> Address:
    """Return the address to connect to or listen on: for a WebSocket, one of TCP."""
    assert config.address is not None
    if config.address.scheme not in WEBSOCKETS:
        return config.address
    return Address("tcp", config.address.host, config.address.service)


def route_of(config: Config) -> Route | None:
    """Return the proxies on the way; None without proxies."""
    if not config.proxies:
        return None
    from ..shared.via_proxies import Route

    return Route(config.proxies, config.proxy_dns in _LOCAL)


def _connect_timeout(config: Config) -> float | None:
    return config.connect_timeout if config.connect_timeout is not None else config.wait


#: Options of the table that are set by one option of the command line.
_KEEPALIVE = ("keepalive_idle", "keepalive_interval", "keepalive_count")
_FASTOPEN = ("fastopen_listener", "fastopen_client")


def _sockopts(config: Config) -> tuple[tuple[str, int | str], ...]:
    """Return the options to set on each socket. Raises UsageError for unsupported ones."""
    asked: list[tuple[str, int | str]] = []
    for name in OPTIONS:
        if name in ("keepalive", *_KEEPALIVE, *_FASTOPEN):
            continue
        value = getattr(config, name)
        if value or (value == 0 and value is not False):
            asked.append((name, value if isinstance(value, str) else int(value)))
    if config.keepalive:
        times = config.keepalive if isinstance(config.keepalive, tuple) else ()
        asked += [("keepalive", 1), *zip(_KEEPALIVE, times, strict=False)]
    if config.fastopen:
        asked.append((_FASTOPEN[0], FASTOPEN_QUEUE) if config.listen else (_FASTOPEN[1], 1))
    for name, _ in asked:
        if not OPTIONS[name]:
            shown = name.partition("_")[0] if name in (*_KEEPALIVE, *_FASTOPEN) else name
            raise UsageError(f"--{shown.replace('_', '-')}: this system cannot do that")
    if config.mptcp and not is_mptcp_here():
        raise UsageError("--mptcp: this system cannot do that")
    return tuple(asked)


#: The typed key for signed segments: it is asked for once.
_typed_key: bytes | None = None


def _md5_key() -> bytes:
    """Return the key for signed segments, from the environment or typed once. Raises UsageError."""
    global _typed_key
    given = os.environ.get("PYNC_MD5SIG_KEY")
    if given is not None:
        return os.fsencode(given)
    if _typed_key is None:
        try:
            _typed_key = _ask("TCP MD5SIG password: ")
        except OSError:
            raise UsageError("Unable to read TCP MD5SIG password") from None
    return _typed_key


def _ask(prompt: str) -> bytes:
    from ..shared.password_prompt import ask

    return ask(prompt)


def security_of(config: Config) -> Security:
    """Return how a connection is secured."""
    from ...transports.tls.handshake import HANDSHAKE_TIMEOUT, Security

    asked = _connect_timeout(config)
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
        starttls=config.starttls,
        ask=_ask,
        lenient=config.lenient,
        timeout=HANDSHAKE_TIMEOUT if asked is None else asked,
    )


def _has_lists(config: Config) -> bool:
    return any((config.allow, config.allowfile, config.deny, config.denyfile))


def admits_of(config: Config, report: Report) -> Admits:
    """Read the access lists; return their filter. Raises UsageError."""
    if not _has_lists(config):
        return everyone
    from ..shared.access import AccessLists, access_filter

    lists = AccessLists(config.allow, config.allowfile, config.deny, config.denyfile, config.nodns)
    assert config.address is not None
    return access_filter(lists, config.address, report)


def _proxies_of(config: Config, report: Report) -> Admits:
    """Return the filter of peers that may send a PROXY protocol header. Raises UsageError."""
    from ..shared.access import AccessLists, access_filter

    if config.accept_proxy_protocol in (None, ANYONE):
        return everyone
    lists = AccessLists(allow=(config.accept_proxy_protocol or "",), numeric=config.nodns)
    assert config.address is not None
    return access_filter(lists, config.address, report)


def _offered(config: Config) -> str | None:
    """Return what everyone who reaches the listener can do, for a warning; None if harmless."""
    if config.accept_proxy_protocol == ANYONE:
        return "claim any address (--accept-proxy-protocol without a list)"
    if _has_lists(config):
        return None
    if any(one is not None for one in (config.exec, config.sh_exec, config.lua_exec)):
        return "run the command"
    if config.serves is not None and config.serves.user is None:
        return "use the proxy"
    return None


def _modules(config: Config) -> tuple[str, ...]:
    """Return the modules for serving several clients: later, an import may fail (EMFILE)."""
    if not config.keep_open and config.program == "server":
        return ()
    modules = ["pync.core.broken", "pync.engine.idle"]
    if os.name == "posix":
        modules.append("fcntl")
    if config.ssl:
        modules.append("pync.transports.tls.accept")
    if config.telnet:
        modules.append("pync.transports.telnet")
    if config.address is not None and config.address.scheme in WEBSOCKETS:
        modules.append("pync.programs.shared.upgrading")
    if config.program == "executor":
        modules.append("subprocess")
    if config.program == "relay":
        modules += ["pync.programs.relay.serving", "pync.transports.unix"]
        onward = {address.scheme for address in config.onward}
        modules += ["pync.programs.shared.tls_dial"] if onward & {"tls", "dtls", "wss"} else []
        modules += ["pync.programs.shared.dtls_securing"] if "dtls" in onward else []
        modules += ["pync.programs.relay.dtls_peers"] if is_dtls(config) else []
        modules += ["pync.engine.vsock_connector"] if "vsock" in onward else []
    if config.program in ("proxy", "relay"):
        # The last two are for names that are not ASCII (IDNA).
        modules += ["encodings.idna", "encodings.punycode"]
    if config.proxies:
        modules += ["pync.programs.shared.upstream", "pync.layers.socks", "pync.layers.http_auth"]
    return tuple(modules)
