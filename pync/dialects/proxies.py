"""Words that name proxies: ``socks5://user@host:port``, ``HOST:PORT`` and a type. Pure, except
for reading a secret from a file or a variable: on the command line, all users can read it.
"""

from __future__ import annotations

import os

from ..core.address import split_host_port
from ..core.config import Config, Proxy
from ..core.errors import UsageError
from ..core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from ..core.config import ProxyKind

#: Scheme, or --proxy-type -> (protocol, default port).
KINDS: dict[str, tuple[ProxyKind, str]] = {
    "http": ("http", "3128"),
    "socks4": ("socks4", "1080"),
    "socks4a": ("socks4", "1080"),
    "socks5": ("socks5", "1080"),
    "socks5h": ("socks5", "1080"),
}

#: --proxy-type of a listener.
SERVED: tuple[ProxyKind, ...] = ("socks", "socks4", "socks5", "http")

#: Options that a proxy server does not use, and their form in messages.
USELESS = {
    "udp": "-u",
    "exec": "--exec",
    "sh_exec": "--sh-exec",
    "broker": "--broker",
    "chat": "--chat",
    "expect": "--expect",
    "until": "--until",
    "count": "--count",
    "send_only": "--send-only",
    "recv_only": "--recv-only",
    "telnet": "-t",
    "crlf": "-C",
    "interval": "-i",
    "delay": "--delay",
    "delimiter": "--delimiter",
    "progress": "--progress",
    "edit": "--edit",
}

#: The variable with USER:PASSWORD.
VARIABLE = "PYNC_PROXY_AUTH"


def chain(config: Config, default: str = "http", *, as_given: bool = False) -> tuple[Proxy, ...]:
    """Return the proxies of ``--proxy``, in the order of the way.

    Arguments:
        default: the protocol of a proxy without a scheme.
        as_given: whether user and password are sent unchanged, in any form.

    Raises UsageError.
    """
    if config.listen and not config.onward:
        return _onward(config)
    kind = config.proxy_type or default
    if kind not in KINDS:
        raise UsageError(f"--proxy-type: {kind!r} is not a proxy type ({', '.join(KINDS)})")
    given = _given(config)
    auth = _auth(given, checks=not as_given)
    proxies = tuple(one_proxy(text, kind, auth) for text in config.proxy)
    if config.onward:
        # The user is not asked for a password: other clients would have to wait.
        return tuple(one._replace(password=one.password or "") for one in proxies)
    return tuple(one._replace(given=given) for one in proxies) if as_given else proxies


def _onward(config: Config) -> tuple[Proxy, ...]:
    """Return the proxies behind a proxy server; --proxy-auth is for the server's clients."""
    if config.proxy and config.proxy_type is None:
        raise UsageError("cannot use --proxy and -l without --proxy-type")
    proxies = [one_proxy(text, "http") for text in config.proxy]
    # A server does not ask the user for a password: its clients would have to wait.
    return tuple(one._replace(password=one.password or "") for one in proxies)


def served(config: Config) -> Proxy | None:
    """Return the proxy that a listener serves as (``-l --proxy-type``), or None.

    Raises UsageError.
    """
    if not config.listen or config.proxy_type is None:
        return None
    kind = next((kind for kind in SERVED if kind == config.proxy_type), None)
    if kind is None:
        raise UsageError(
            f"-l --proxy-type: {config.proxy_type!r} is not a proxy server ({', '.join(SERVED)})"
        )
    for name, shown in USELESS.items():
        if getattr(config, name):
            raise UsageError(f"cannot use {shown} and -l --proxy-type")
    return Proxy(kind, "", "", *(_auth(_given(config)) or (None, "")))


def one_proxy(text: str, kind: str, auth: tuple[str, str] | None = None) -> Proxy:
    """Parse one proxy: a URL, or ``HOST[:PORT]`` and its kind.

    Raises UsageError.
    """
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = kind, text
    if scheme not in KINDS:
        raise UsageError(f"--proxy: {scheme}:// is not a proxy type ({', '.join(KINDS)})")
    spoken, port = KINDS[scheme]
    who, at, where = rest.rstrip("/").rpartition("@")
    user: str | None
    password: str | None
    if at:
        user, colon, password = who.partition(":")
        # The user is asked for a password that is not given, when the proxy requires it.
        password = password or (auth[1] if auth else "" if colon else None)
    else:
        user, password = auth or (None, "")
    if not where:
        raise UsageError(f"--proxy: {text!r} names no host")
    if where.endswith("]") or ":" not in where:
        where = f"{where}:{port}"
    host, port = split_host_port(where, text)
    return Proxy(spoken, host, port, user, password)


def _given(config: Config) -> str | None:
    """Return the login, ours or that of clients, as the user gave it."""
    text = config.proxy_auth
    if text is None:
        text = os.environ.get(VARIABLE) or None
    if config.proxy_auth_file is not None:
        try:
            # In the same way as arguments and environment (PEP 383): it may not be valid UTF-8.
            path = config.proxy_auth_file
            with open(path, encoding="utf-8", errors="surrogateescape") as file:
                text = file.readline().rstrip("\r\n")
        except (OSError, ValueError) as error:
            raise UsageError(f"--proxy-auth-file {config.proxy_auth_file}: {error}") from None
    return text


def _auth(text: str | None, *, checks: bool = True) -> tuple[str, str] | None:
    if text is None:
        return None
    user, _, password = text.partition(":")
    if checks and not user:
        raise UsageError("--proxy-auth: write USER:PASSWORD")
    return user, password
