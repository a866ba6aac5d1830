"""Which of ncat's options exclude others, with ncat's messages. Pure."""

from __future__ import annotations

from ...core.config import Config
from ...core.errors import UsageError

#: A warning, which does not change the exit status.
LIMIT_WITHOUT_EFFECT = (
    "Ncat: Warning: Maximum connections ignored, "
    "since it does not take effect without -k or --broker."
)

_TOGETHER = "The --ssl-key and --ssl-cert options must be used together."
_NO_PORT = "Specifying source port when using Unix domain sockets doesn't make sense."
_LISTENS_THERE = (
    "-l and -s are incompatible.  "
    "Specify the address and port to bind to like you would a host to connect to."
)


def check(config: Config) -> None:
    """Refuse options that cannot be combined. Raises UsageError."""
    if config.listen:
        _check_listener(config)
    else:
        _check_client(config)
    if config.unixsock and config.ssl:
        raise UsageError("SSL option not supported when using Unix domain sockets.")
    if config.unixsock and config.source_port is not None:
        raise UsageError(_NO_PORT)
    if (config.ssl_key is None) != (config.ssl_cert is None):
        raise UsageError(_TOGETHER)


def _check_listener(config: Config) -> None:
    if config.zero_io:
        raise UsageError("Services designed for LISTENING can't be used with -z")
    if config.source is not None:
        raise UsageError(_LISTENS_THERE)
    if config.ssl_alpn is not None:
        raise UsageError("ALPN is not supported in listen mode\n")


def _check_client(config: Config) -> None:
    if config.proxy_type is not None and not config.proxy:
        raise UsageError("Proxy type (--proxy-type) specified without proxy address (--proxy).")
    if config.chat:
        raise UsageError("Invalid option combination: `--chat' with connect.")
    if config.allow or config.allowfile:
        raise UsageError("Invalid option combination: allow/deny with connect.")
    if config.zero_io and any((config.exec, config.sh_exec, config.lua_exec)):
        raise UsageError("Command execution can't be done along with option -z.")


def notice(config: Config) -> str | None:
    """Return the warning about ignored options, if any."""
    ignored = config.listen and not (config.keep_open or config.broker)
    return LIMIT_WITHOUT_EFFECT if ignored and config.max_conns is not None else None


def proxy_dns(text: str, _option: str) -> str:
    """Return the value of --proxy-dns. Raises UsageError."""
    if text not in ("local", "remote", "both", "none"):
        raise UsageError("Invalid proxy DNS type.")
    return text
