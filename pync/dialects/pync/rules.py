"""Which of pync's options imply, need or exclude others. Pure.

No option is ignored without a message: it has its effect, or implies the option that it needs, or
is refused.
"""

from __future__ import annotations

from ...core.address import DATAGRAMS, INHERITED, LOCAL, WEBSOCKETS
from ...core.config import Config
from ...core.errors import UsageError

#: Each of these implies --ssl, as in ncat.
OF_TLS = (
    "ssl_verify",
    "insecure",
    "ssl_cert",
    "ssl_key",
    "ssl_trustfile",
    "ssl_ciphers",
    "ssl_servername",
    "ssl_alpn",
    "ssl_min_version",
    "ssl_max_version",
    "ssl_keylog",
    "starttls",
)

#: Options of the onward connection's TLS; each of them implies it.
OF_ONWARD_TLS = (
    "to_insecure",
    "to_ssl_cert",
    "to_ssl_key",
    "to_ssl_trustfile",
    "to_ssl_ciphers",
    "to_ssl_servername",
    "to_ssl_alpn",
    "to_ssl_min_version",
    "to_ssl_max_version",
    "to_starttls",
)

#: Options that need an onward address.
OF_RELAYS = (
    *("to_ssl", *OF_ONWARD_TLS, "if_refused", "balance", "proxy_protocol", "drain"),
    *("fault", "fault_seed", "control"),
)

#: The form of options in messages, where it is not ``--`` and the field's name.
SHOWN = {
    "listen": "-l",
    "keep_open": "-k",
    "udp": "-u",
    "unixsock": "-U",
    "ipv4": "-4",
    "ipv6": "-6",
    "source": "-s",
    "source_port": "-p",
    "no_stdin": "-d",
    "telnet": "-t",
    "zero_io": "-z",
    "interval": "-i",
    "crlf": "-C",
    "random_ports": "-r",
    "pass_fd": "-F",
    "recv_limit": "-W",
    "broadcast": "-b",
    "md5sig": "-S",
    "shutdown": "-N",
}

#: Options that end a conversation, or record it.
_OF_TALK = ("until", "count", "expect", "output", "hex_dump")

#: Options of TCP sockets.
_OF_TCP = ("keepalive", "mptcp", "fastopen")

#: Options for the display and the input of bytes.
OF_SCREEN = ("show", "input", "marks", "raw")

#: Option -> the options that contradict it, or would have no effect with it.
CONFLICTS = {
    "ping": (
        *("listen", "zero_io", "udp", "pass_fd", "exec", "sh_exec", "retry", "reconnect"),
        *("edit", "progress", "until", "expect", "output", "hex_dump", "fastopen", *OF_SCREEN),
        *("no_stdin", "send_only", "recv_only", "half_open", "quit_after", "recv_limit", "crlf"),
    ),
    "listen": ("zero_io", "pass_fd", "retry", "insecure", "ssl_servername", "starttls"),
    "zero_io": ("pass_fd", "exec", "sh_exec", *_OF_TALK, *OF_SCREEN, *_OF_TCP),
    "unixsock": ("ipv4", "ipv6", "source_port", "md5sig", "proxy", "device", "reuse_port"),
    "udp": ("md5sig", "proxy", "banner", "accept_proxy_protocol", "reconnect", "starttls"),
    "reconnect": ("listen", "zero_io", "retry"),
    "ipv4": ("ipv6",),
    "send_only": ("recv_only", "no_stdin"),
    "shutdown": ("no_shutdown",),
    "interval": ("delay", "rate"),
    "delay": ("rate",),
    # These need a single process: its clients' data or requests, or its time without a client.
    "workers": ("broker", "chat", "control", "accept_timeout"),
    "pass_fd": ("exec", "sh_exec", "ssl", *_OF_TALK, *OF_SCREEN),
    "edit": ("input", "marks"),
    "input": ("crlf",),
    "insecure": ("ssl_verify",),
    "proxy_auth": ("proxy_auth_file",),
    "exec": ("sh_exec", "expect", "output", "hex_dump", "progress", "edit", *OF_SCREEN),
    "sh_exec": ("expect", "output", "hex_dump", "progress", "edit", *OF_SCREEN),
    **dict.fromkeys(
        ("broker", "chat"),
        (
            "udp",
            "exec",
            "sh_exec",
            "telnet",
            "crlf",
            "interval",
            "delay",
            "rate",
            "delimiter",
            "recv_limit",
            "progress",
            "edit",
            # Clients' data is shown to the other clients only.
            "show",
            "marks",
            "raw",
            *_OF_TALK,
        ),
    ),
}

#: Option -> the options, one of which it needs.
NEEDS = {
    "keep_open": ("listen",),
    **dict.fromkeys(
        (
            "broker",
            "chat",
            "max_conns",
            "allow",
            "allowfile",
            "deny",
            "denyfile",
            "accept_timeout",
            "report_port",
            "accept_proxy_protocol",
            "pipe_access",
            "pipe_remote",
        ),
        ("listen",),
    ),
    # A relay without -k ends after one client.
    **dict.fromkeys(("drain", "control"), ("keep_open",)),
    "random_ports": ("zero_io",),
    "banner": ("zero_io",),
    **dict.fromkeys(("broadcast", "multicast_ttl", "multicast_loop"), ("udp",)),
    "ssl_key": ("ssl_cert",),
    "append_output": ("output", "hex_dump"),
    "colour": ("marks",),
    "proxy_dns": ("proxy",),
    "to_ssl_key": ("to_ssl_cert",),
}

#: Options for binding a socket; an inherited one is bound already.
_OF_BINDING = (
    *("udp", "unixsock", "ipv4", "ipv6", "source", "source_port", "md5sig"),
    *("device", "reuse_port", "mptcp", "fastopen"),
)

#: Options of WebSockets.
_OF_WEBSOCKETS = (
    *("header", "origin", "subprotocol", "ping_interval"),
    *("ws_text", "ws_binary", "ws_deflate"),
)

#: Options of named pipes.
_OF_PIPES = ("pipe_mode", "pipe_access", "pipe_remote")


def shown(name: str) -> str:
    """Return an option's form in messages."""
    return SHOWN.get(name, f"--{name.replace('_', '-')}")


def implied(config: Config) -> Config:
    """Return the Config with the options that others imply. Raises UsageError."""
    asking = next((name for name in OF_TLS if getattr(config, name)), None)
    if config.ssl or asking is None:
        return config
    return config._replace(ssl=True)


def check(config: Config) -> None:
    """Refuse options that cannot be combined. Raises UsageError."""
    if config.ping and config.sh_exec is not None:
        raise UsageError("--ping takes --count=N, and no -c (which is --sh-exec)")
    for one, others in CONFLICTS.items():
        if getattr(config, one):
            for other in others:
                if getattr(config, other):
                    raise UsageError(_contradiction(one, other))
    for one, needed in NEEDS.items():
        if _is_given(getattr(config, one)) and not any(getattr(config, name) for name in needed):
            raise UsageError(_need(one, needed))
    if config.listen and config.ssl_verify and config.ssl_trustfile is None:
        raise UsageError("--ssl-verify with -l needs --ssl-trustfile, to verify clients with")
    for one in OF_RELAYS:
        if getattr(config, one) and not config.onward:
            raise UsageError(f"{shown(one)} needs an address to go on to: --to ADDRESS")
    if config.reconnect and not (config.onward or config.exec or config.sh_exec):
        raise UsageError(
            "--reconnect needs a second address or --exec: standard input can be sent only once"
        )
    if config.accept_proxy_protocol and config.ssl and not config.keep_open:
        raise UsageError("--accept-proxy-protocol with TLS needs -k")
    if config.workers and not (config.listen and (config.keep_open or config.proxy_type)):
        raise UsageError("--workers needs -lk")
    if config.workers and not (config.onward or config.proxy_type or config.exec or config.sh_exec):
        raise UsageError("--workers needs a second address, --proxy-type or --exec")
    if config.workers and config.udp and not config.onward:
        raise UsageError(_contradiction("workers", "udp"))
    if config.workers and config.onward and not config.append_output:
        for name in ("output", "hex_dump"):
            if "{n}" not in (getattr(config, name) or "{n}"):
                raise UsageError(
                    f"{shown(name)} with --workers needs {{n}} in the name, or --append-output"
                )
    if config.fastopen and not config.listen and (config.no_stdin or config.recv_only):
        raise UsageError("--fastopen is for a client that sends: not with -d or --recv-only")
    if config.timestamps and not (config.output or config.hex_dump):
        for one in ("zero_io", "ping", "pass_fd", "exec", "sh_exec", "onward", "proxy_type"):
            if getattr(config, one) and (one != "proxy_type" or config.listen):
                raise UsageError("--timestamps needs --output or --hex-dump: nothing is shown here")
    if config.listen and config.proxy_type:
        for one in OF_SCREEN:
            if getattr(config, one):
                raise UsageError(f"cannot use {shown(one)} and --proxy-type")
    _check_proxies(config)


def _is_given(value: object) -> bool:
    return bool(value) or (value == 0 and value is not False)


def check_address(config: Config) -> None:
    """Do the same, considering the address: its scheme may be ``udp://`` or ``unix:``."""
    assert config.address is not None
    scheme = config.address.scheme
    check(
        config._replace(
            udp=config.udp or scheme in DATAGRAMS, unixsock=config.unixsock or scheme in LOCAL[:2]
        )
    )
    if config.ssl and scheme == "unixgram":
        raise UsageError(f"cannot use --ssl with {config.address}: DTLS is for UDP")
    for name in _OF_BINDING:
        if name == "udp" and config.onward:
            continue
        if getattr(config, name) and scheme in INHERITED:
            raise UsageError(f"cannot use {shown(name)} with {config.address}")
    for name in _OF_TCP:
        if getattr(config, name) and scheme not in ("tcp", "tcp4", "tcp6", "tls", *INHERITED):
            raise UsageError(f"{shown(name)} needs TCP, not {config.address}")
    onward = {address.scheme for address in config.onward} if config.onward else set()
    for name in _OF_PIPES:
        if name == "pipe_mode" and "pipe" in onward:
            continue
        if getattr(config, name) and scheme != "pipe":
            raise UsageError(f"{shown(name)} needs a named pipe (pipe:NAME), not {config.address}")
    for name in _OF_WEBSOCKETS:
        if getattr(config, name) and onward.union({scheme}).isdisjoint(WEBSOCKETS):
            raise UsageError(
                f"{shown(name)} needs a WebSocket (ws://HOST:PORT), not {config.address}"
            )


def _contradiction(one: str, other: str) -> str:
    # "-z and -l", as in nc, and not "-l and -z".
    first, second = (other, one) if one in ("listen", "zero_io", "udp") else (one, other)
    return f"cannot use {shown(first)} and {shown(second)}"


def _need(one: str, needed: tuple[str, ...]) -> str:
    if one == "keep_open":
        return "must use -l with -k"
    return f"{shown(one)} needs {' or '.join(shown(name) for name in needed)}"


def _check_proxies(config: Config) -> None:
    for name in ("allow_target", "deny_target"):
        if getattr(config, name) and not (config.listen and config.proxy_type):
            raise UsageError(f"{shown(name)} needs -l --proxy-type")
        if getattr(config, name) and config.proxy:
            raise UsageError(
                f"cannot use {shown(name)} and --proxy: the last proxy looks the names up"
            )
    if config.listen:
        for name in ("proxy_auth", "proxy_auth_file", "proxy"):
            if getattr(config, name) and config.proxy_type is None and not config.onward:
                raise UsageError(f"cannot use {shown(name)} and -l without --proxy-type")
        return
    for name in ("proxy_type", "proxy_auth", "proxy_auth_file"):
        if getattr(config, name) and not config.proxy:
            raise UsageError(f"{shown(name)} needs --proxy")
