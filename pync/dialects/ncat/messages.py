"""ncat's messages: events and errors; scripts match them byte for byte. No policy."""

from __future__ import annotations

from ...core.address import Address
from ...core.broken import TlsTruncatedError
from ...core.config import Config
from ...core.errors import (
    DialError,
    IdleTimeoutError,
    ListenError,
    OutputError,
    OutputGone,
    ProxyError,
    PyncError,
    QuitTimeoutError,
    RelayError,
    TlsError,
    UsageError,
)
from ...core.events import AttemptFailed, Connected, Event, Finished, Scanned
from ...core.server_events import Accepted, Denied, Exposed, Failed, Listening, Secured, Unverified
from ...core.typed import TYPE_CHECKING
from .. import UNRESOLVED, Said

if TYPE_CHECKING:
    from ...core.access import AccessError

_TRY = "Ncat: Try `--help' or man(1) ncat for more information, usage options and help. QUITTING."


class NcatOptionError(UsageError):
    """An option that getopt(3) refuses; ncat's message names the help."""


def say(event: Event, config: Config, _interactive: bool) -> Said:
    """Return the message for an event on stderr; there are messages with -v, and with --test."""
    if isinstance(event, Listening) and config.test:
        return "NCAT TEST: LISTEN"
    if isinstance(event, Failed):
        return complain(event.error, config)
    if isinstance(event, Unverified):
        return "Ncat: the certificate of the server is not verified (--ssl-verify does)."
    if isinstance(event, Exposed):
        return f"Ncat: every machine that reaches {_where(event.address)} can {event.offered}."
    if not config.verbose:
        return None
    if isinstance(event, Listening):
        return f"Ncat: Listening on {_where(event.address)}"
    if config.serves is not None and config.verbose < 2:
        return None  # as in ncat, since a proxy has many clients
    if isinstance(event, Accepted):
        return _accepted(event.peer)
    if isinstance(event, Denied):
        return *_lines(_accepted(event.peer)), f"Ncat: New connection denied: {event.cause}"
    if isinstance(event, Connected):
        return f"Ncat: Connected to {_where(event.peer)}."
    if isinstance(event, Scanned):
        return f"Ncat: Connected to {_where(event.address)}." if event.state != "closed" else None
    if isinstance(event, Secured):
        return f"Ncat: SSL connection to {_where(event.peer)}." if not config.listen else None
    if isinstance(event, AttemptFailed):
        return _attempt_failed(event, config)
    if isinstance(event, Finished) and not config.listen:
        return (
            f"Ncat: {event.sent} bytes sent, {event.received} bytes received "
            f"in {event.seconds:.2f} seconds."
        )
    return None


def is_silent(error: Exception, config: Config | None) -> bool:
    """Return whether ncat ignores an error: its listener accepts any end of a connection."""
    listens = config is not None and config.listen
    return listens and isinstance(error, TlsTruncatedError)


def complain(error: Exception, config: Config | None) -> Said:
    """Return the message for an error."""
    if isinstance(error, OutputGone):
        return "write: Broken pipe"
    if isinstance(error, NcatOptionError):
        return f"ncat: {error}", _TRY
    if isinstance(error, UsageError):
        from ...core.access import AccessError

        if isinstance(error, AccessError):
            return _wrong_list(error)
        text = str(error)
        if text.endswith("\n"):
            return f"Ncat: {text[:-1]}", " QUITTING."
        return f"Ncat: {text} QUITTING."
    if isinstance(error, DialError):
        return _not_dialled(error, config)
    if isinstance(error, ListenError):
        where = error.address
        if error.cause in UNRESOLVED and isinstance(where, Address):
            return _unresolved(where, error.cause)
        if error.cause == "protocol not supported" and isinstance(where, Address):
            return (
                f"Ncat: Unable to open listening socket on {where.host}: "
                "Protocol not supported QUITTING."
            )
        shown = _where(_numeric(where, config)) if isinstance(where, Address) else str(where)
        return f"Ncat: bind to {shown}: {_as_strerror(error.cause)}. QUITTING."
    if isinstance(error, ProxyError) and error.http_status is not None:
        return f"Ncat: Proxy returned status code {error.http_status}."
    if isinstance(error, ProxyError) and error.code:
        return f"Ncat: {_of_proxy(error)}."
    if isinstance(error, QuitTimeoutError):
        return None
    if isinstance(error, IdleTimeoutError):
        idle = config.endings.idle if config is not None else None
        return f"Ncat: Idle timeout expired ({round((idle or 0) * 1000)} ms)."
    if is_silent(error, config):
        return None
    if isinstance(error, TlsError) and error.operation == "relay":
        return "Ncat: Input/output error."
    if isinstance(error, TlsError) and error.operation == "dial":
        cause = "TIMEOUT" if isinstance(error, TimeoutError) else _as_strerror(error.cause)
        return f"Ncat: {cause}."
    if isinstance(error, RelayError) and config is not None and config.listen:
        return None  # a listener ends with status 1 and without a message, even with -v
    if isinstance(error, OutputError):
        return f"{error.operation}: {_as_strerror(error.cause)}"
    if isinstance(error, PyncError):
        return f"Ncat: {_as_strerror(error.cause)}."
    return f"Ncat: {error}"


#: The texts for a SOCKS proxy's refusals: code -> text.
_PROXY = {
    "socks5/1": "Error: general SOCKS server failure",
    "socks5/2": "Error: connection not allowed by ruleset",
    "socks5/3": "Error: Network unreachable",
    "socks5/4": "Error: Host unreachable",
    "socks5/5": "Error: Connection refused",
    "socks5/6": "Error: TTL expired",
    "socks5/7": "Error: Command not supported",
    "socks5/8": "Error: Address type not supported",
    "socks5/methods": "Error: no acceptable authentication method proposed",
    "socks5/method": "Error: proxy selected invalid authentication method",
    "socks5/version": "Error: wrong SOCKS version in connect response",
    "socks5/address": "Error: invalid proxy bind address type",
    "socks5/credentials": "Error: invalid username:password combo",
    "socks5/password": "Error: authentication failed",
    "ended/status": "Error reading proxy response Status-Line",
    "ended/header": "Error reading proxy response header",
    # The number of bytes that were awaited when the connection ended.
    "ended/2": "Error: malformed connect response from proxy",
    "ended/4": "Error: malformed request response from proxy",
    "ended/8": "Error: short response from proxy",
}


def _of_proxy(error: ProxyError) -> str:
    kind, _, rest = error.code.partition("/")
    if kind == "http":
        return "Proxy returned status code -1"
    if kind == "socks4":
        return "Proxy connection failed"
    if kind == "socks5":
        return _PROXY.get(error.code, "Error: unassigned value in the reply")
    found = _PROXY.get(f"{kind}/{rest.rpartition('/')[2]}")
    return found or _as_strerror(error.cause)


def _not_dialled(error: DialError, config: Config | None) -> Said:
    address = error.address
    if error.operation == "route" and isinstance(address, Address):
        cause = _as_strerror(error.cause)
        hop = address.host
        return f'Ncat: Sorry, could not resolve source route hop "{hop}": {cause}. QUITTING.'
    if isinstance(address, Address) and not address.path and not error.attempts:
        if is_proxy(address, config):
            cause = _as_strerror(error.cause)
            return f'Ncat: Could not resolve proxy "{address.host}": {cause}.'
        return _unresolved(address, error.cause)
    if error.cause == "timed out":
        return "Ncat: TIMEOUT."
    # With proxies, only the first of them is dialled from here.
    what = "Proxy connection failed: " if config is not None and config.proxies else ""
    return f"Ncat: {what}{_as_strerror(error.cause)}."


def is_proxy(address: object, config: Config | None) -> bool:
    """Return whether an address is that of the first proxy."""
    if config is None or not config.proxies or not isinstance(address, Address):
        return False
    return (address.host, address.service) == config.proxies[0][1:3]


def _attempt_failed(event: AttemptFailed, config: Config) -> Said:
    cause = "TIMEOUT" if event.cause == "timed out" else _as_strerror(event.cause)
    if not event.last:
        host = _host(event.address)
        return f"Ncat: Connection to {host} failed: {cause}.", "Ncat: Trying next address..."
    # The error reports the last address, but a scan ends without an error.
    return f"Ncat: {cause}." if config.zero_io else None


def _unresolved(address: Address, cause: str) -> str:
    return f'Ncat: Could not resolve hostname "{address.host}": {_as_strerror(cause)}. QUITTING.'


def _accepted(peer: Address) -> Said:
    if peer.scheme == "unix":
        return "Ncat: Connection from a client on Unix domain socket.", "Ncat: Connection from ."
    if peer.scheme.startswith("udp"):
        return f"Ncat: Connection from {_host(peer)}."
    return f"Ncat: Connection from {_host(peer)}.", f"Ncat: Connection from {_where(peer)}."


def _lines(said: Said) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else said or ()


def _wrong_list(error: AccessError) -> Said:
    from ...core.access import ListFileError, NetmaskError

    text = error.specification
    if isinstance(error, ListFileError):
        return f"Ncat: can't open {text}: {error.cause}. QUITTING."
    if isinstance(error, NetmaskError):
        why = f'Illegal netmask in "{text}". Must be smaller than address bit length.'
    else:
        why = f'Error resolving name "{text}": {error.cause}'
    return f"Ncat: {why}", f'Ncat: error in host specification "{text}". QUITTING.'


def _numeric(address: Address, config: Config | None) -> Address:
    """Return the numeric address that could not be bound; without a host, the first wildcard."""
    if address.path or address.scheme == "vsock":
        return address
    ipv4 = config is not None and config.ipv4
    if not address.host:
        return address._replace(host="0.0.0.0" if ipv4 else "::")
    import socket

    family = socket.AF_INET if ipv4 else socket.AF_UNSPEC
    try:
        found = socket.getaddrinfo(address.host, None, family)
    except (OSError, UnicodeError):
        return address
    return address._replace(host=str(found[0][4][0]))


def _where(address: Address) -> str:
    return address.path or f"{_host(address)}:{address.service}"


def _host(address: Address) -> str:
    return address.host.partition("%")[0]  # ncat prints no zone: inet_ntop(3)


def _as_strerror(cause: str) -> str:
    if cause == "timed out":
        return "Connection timed out"
    return cause[:1].upper() + cause[1:]
