"""nc's messages: events, errors, usage; scripts match them byte for byte. No policy."""

from __future__ import annotations

from ...core import VERSION
from ...core.address import DATAGRAMS, Address
from ...core.config import Config
from ...core.errors import (
    DialError,
    ListenError,
    OutputError,
    OutputGone,
    ProxyError,
    RelayError,
    UsageError,
)
from ...core.events import AttemptFailed, Connected, Event, Scanned, Told
from ...core.server_events import Accepted, Bound, Listening
from .. import UNRESOLVED, Said, as_strerror
from ..argv import described_in

HELP = f"pync {VERSION}, as nc"

_USAGE = (
    "usage: nc [-46CDdFhklNnrStUuvZz] [-I length] [-i interval] [-M ttl]",
    "\t  [-m minttl] [-O length] [-P proxy_username] [-p source_port]",
    "\t  [-q seconds] [-s sourceaddr] [-T keyword] [-V rtable] [-W recvlimit]",
    "\t  [-w timeout] [-X proxy_protocol] [-x proxy_address[:port]]",
    "\t  [destination] [port]",
)

SHORT_USAGE = "\n".join(_USAGE)


def summary(usage: str) -> str:
    """Return the option summary of -h, in the columns that shell completions expect."""
    lines = ["\tCommand Summary:"]
    for short, value, text in described_in(usage):
        option = f"-{short} {value.lower()}".rstrip()
        tabs = "\t" if len(option) > 7 else "\t\t"
        lines.append(f"\t\t{option}{tabs}{text.rstrip('.')}")
    return "\n".join([*lines, "\tA port is a number, a service, or a range: lo-hi"])


class NcUsageError(UsageError):
    """An error after which nc shows its usage; the text may be empty."""


def hears_everyone(config: Config) -> bool:
    """Return whether it receives datagrams of all peers (-k -u -l), and so cannot send."""
    return config.listen and config.keep_open and config.udp


def say(event: Event, config: Config, _interactive: bool) -> Said:
    """Return the message for an event on stderr; with most events, only with -v."""
    if isinstance(event, AttemptFailed) and event.address.path:
        return f"nc: {event.address.path}: {as_strerror(event.cause)}"
    if isinstance(event, Told):
        return event.text
    if not config.verbose:
        return None
    if isinstance(event, Listening):
        return _listening(event.address, config)
    if isinstance(event, Bound):
        return f"Bound on {event.address.path}"
    if isinstance(event, Accepted):
        if hears_everyone(config):
            return None  # as nc, which has no connection then
        # For a Unix socket, nc shows its own path.
        return f"Connection received on {_path_of(config) or _where(event.peer, config)}"
    if isinstance(event, Connected):
        return None if event.peer.path else _connected(event, config)
    if isinstance(event, Scanned):
        return _scanned(event, config)
    if isinstance(event, AttemptFailed):
        return _refused(event.address, event.cause, config)
    return None


def complain(error: Exception, config: Config | None) -> Said:
    """Return the message for an error; for many errors, only with -v."""
    if isinstance(error, NcUsageError):
        return (f"nc: {error}", *_USAGE) if str(error) else _USAGE
    if isinstance(error, DialError):
        return _not_dialled(error, config)
    if isinstance(error, ListenError):
        looked_up = "getaddrinfo: " if error.cause in UNRESOLVED else ""
        return f"nc: {looked_up}{as_strerror(error.cause)}"
    if isinstance(error, ProxyError):
        return f"nc: {_of_proxy(error)}"
    if isinstance(error, (RelayError, OutputGone)):
        return None
    if isinstance(error, OutputError):
        operation = "sendmsg" if error.operation == "pass" else error.operation
        return f"nc: {operation}: {as_strerror(error.cause)}"
    return f"nc: {error}"


#: The texts for a proxy's refusals: code -> text; any other code is an unknown error.
_PROXY = {
    "socks5/1": "connection failed, SOCKSv5 error: General SOCKS server failure",
    "socks5/2": "connection failed, SOCKSv5 error: Connection not allowed by ruleset",
    "socks5/3": "connection failed, SOCKSv5 error: Network unreachable",
    "socks5/4": "connection failed, SOCKSv5 error: Host unreachable",
    "socks5/5": "connection failed, SOCKSv5 error: Connection refused",
    "socks5/6": "connection failed, SOCKSv5 error: TTL expired",
    "socks5/7": "connection failed, SOCKSv5 error: Command not supported",
    "socks5/8": "connection failed, SOCKSv5 error: Address type not supported",
    "socks5/methods": "authentication method negotiation failed",
    "socks5/method": "authentication method negotiation failed",
    "socks5/address": "connection failed, unsupported address type",
    "socks4/91": "connection failed, SOCKSv4 error: Request rejected or failed",
    "socks4/92": "connection failed, SOCKSv4 error: "
    "SOCKS server cannot connect to identd on the client",
    "socks4/93": "connection failed, SOCKSv4 error: "
    "Client program and identd report different user-ids",
}


def _of_proxy(error: ProxyError) -> str:
    if error.answer:
        return f'Proxy error: "{error.answer}"'
    kind, _, rest = error.code.partition("/")
    if kind == "http":
        return f'Proxy error: "{rest}"'
    if rest in ("status", "header"):
        return "proxy read: Broken pipe"
    if kind == "ended":
        got, _, wanted = rest.partition("/")
        # The first answer of SOCKS 5 has two bytes, but nc prints three.
        return f"read failed ({got}/{'3' if wanted == '2' else wanted}): Broken pipe"
    if kind in ("socks4", "socks5"):
        unknown = f"connection failed, SOCKSv{kind[-1]} error: Unknown error"
        return _PROXY.get(error.code, unknown)
    return error.cause


def _not_dialled(error: DialError, config: Config | None) -> Said:
    address = error.address
    if not isinstance(address, Address) or address.path:
        where = address.path if isinstance(address, Address) else address
        return f"nc: {where}: {as_strerror(error.cause)}"
    if not error.attempts:
        cause = as_strerror(error.cause)
        if config is not None and address.host == config.source:
            return f"nc: getaddrinfo: {cause}"
        if config is not None and config.proxies and address == config.address:
            return f'nc: getaddrinfo("{address.host}", "{address.service}"): {cause}'
        return f'nc: getaddrinfo for host "{address.host}" port {address.service}: {cause}'
    if error.cause in ("cannot assign requested address", "address already in use"):
        return f"nc: bind failed: {as_strerror(error.cause)}"
    if len(error.attempts) > 1 or config is None or not config.verbose:
        return None  # each attempt was reported, or nothing is
    tried, cause = error.attempts[0]
    assert isinstance(tried, Address)
    return _refused(tried, cause, config)


def _refused(tried: Address, cause: str, config: Config) -> str:
    asked = config.address.host if config.address is not None else ""
    # With proxies, only the first of them is dialled from here.
    name = config.proxies[0].host if config.proxies else _named(tried.host, asked)
    where = f"{name} port {tried.service} ({tried.scheme[:3]})"
    if cause == "timed out" and config.wait is not None:
        return f"nc: connect to {where} timed out: Operation now in progress"
    return f"nc: connect to {where} failed: {as_strerror(cause)}"


def _connected(event: Connected, config: Config) -> str:
    if event.peer.scheme in DATAGRAMS:
        # nc sends three X first, and treats silence as success.
        return f"{_connection(event.peer, event.asked, config)} open|filtered"
    return _succeeded(event.peer, event.asked, config)


def _scanned(event: Scanned, config: Config) -> Said:
    if event.state == "closed" or event.address.path:
        return None  # the attempt has been reported; nc prints nothing about a path
    if event.state == "open":
        return _succeeded(event.address, event.asked, config)
    # nc treats every silent UDP port as a success.
    return f"{_connection(event.address, event.asked, config)} {event.state}"


def _succeeded(peer: Address, asked: str, config: Config) -> str:
    return f"{_connection(peer, asked, config)} succeeded!"


def _connection(peer: Address, asked: str, config: Config) -> str:
    protocol = peer.scheme[:3]
    service = "*" if config.nodns else _service(peer.service, protocol)
    return f"Connection to {_named(peer.host, asked)} {peer.service} port [{protocol}/{service}]"


def _named(host: str, asked: str) -> str:
    return host if asked in ("", host) else f"{asked} ({host})"


def _listening(address: Address, config: Config) -> Said:
    if address.path:
        stream = address.scheme not in DATAGRAMS
        bound = f"Bound on {address.path}"
        return (bound, f"Listening on {address.path}") if stream else bound
    word = "Bound" if address.scheme in DATAGRAMS else "Listening"
    return f"{word} on {_where(address, config)}"


def _where(address: Address, config: Config) -> str:
    if address.path:
        return address.path
    return f"{address.host if config.nodns else _name_of(address)} {address.service}".strip()


def _path_of(config: Config) -> str:
    return config.address.path if config.address is not None else ""


def _name_of(address: Address) -> str:
    """Return the host's name: nc looks it up unless -n is given."""
    import socket

    try:
        return socket.getnameinfo((address.host, int(address.service)), socket.NI_NUMERICSERV)[0]
    except (OSError, ValueError, OverflowError):
        return address.host


def _service(port: str, protocol: str) -> str:
    import socket

    try:
        return socket.getservbyport(int(port), protocol)
    except (OSError, ValueError, OverflowError):
        return "*"
