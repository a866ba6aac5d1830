"""nc.traditional's messages: events, errors, help; scripts match them byte for byte. No policy."""

from __future__ import annotations

from ...core import VERSION
from ...core.address import Address
from ...core.config import Config
from ...core.errors import (
    DialError,
    ExecError,
    ListenError,
    OutputError,
    OutputGone,
    RelayError,
    UsageError,
)
from ...core.events import AttemptFailed, Connected, Event, Finished, Scanned
from ...core.server_events import Accepted, Denied, Exposed, Failed, Listening
from .. import UNRESOLVED, Said, as_strerror, name_of
from ..argv import described_in

HELP = f"""\
[pync {VERSION}, as nc.traditional]
connect to somewhere:\tnc.traditional [-options] hostname port[s] [ports] ...
listen for inbound:\tnc.traditional -l -p port [-options] [hostname]
options:"""

#: The column in which a description starts.
_COLUMN = 24

_UNKNOWN = "(UNKNOWN)"


def summary(usage: str) -> str:
    """Return the option summary of -h."""
    lines = []
    for short, value, text in described_in(usage):
        option = f"-{short} {value.lower()}".rstrip()
        tabs = "\t" * ((_COLUMN - len(option) + 7) // 8)
        lines.append(f"\t{option}{tabs}{text.rstrip('.')}")
    return "\n".join([*lines, "A port is a number, a service, or a range: lo-hi"])


class TraditionalOptionError(UsageError):
    """An option that getopt(3) refuses; its message names the help."""


def say(event: Event, config: Config, _interactive: bool) -> Said:
    """Return the message for an event on stderr; with most events, only with -v."""
    if isinstance(event, (AttemptFailed, Scanned)):
        return _tried(event, config)
    if isinstance(event, Failed):
        return complain(event.error, config)
    if isinstance(event, Exposed):
        where = event.address
        return f"every machine that reaches {where.host} port {where.service} can {event.offered}"
    if not config.verbose:
        return None
    if isinstance(event, Listening):
        # nc.traditional looks up the host that it waits for.
        warned = _warnings(config.target[0], config) if config.target else ()
        host = "any" if event.address.host == "0.0.0.0" else event.address.host
        return (*warned, f"listening on [{host}] {event.address.service} ...")
    if isinstance(event, Accepted):
        host = event.local.host if event.local is not None else "any"
        return f"connect to [{host}] from {_caller(event.peer, config)}"
    if isinstance(event, Denied):
        return f"invalid connection from {_caller(event.peer, config)}"
    if isinstance(event, Connected):
        return _with_warnings(f"{_place(event.peer, config)} open", event.peer, config)
    if isinstance(event, Finished) and config.verbose > 1:
        return _counts(event.sent, event.received)
    return None


def complain(error: Exception, config: Config | None) -> Said:
    """Return the message for an error; None for errors of an established connection."""
    if isinstance(error, TraditionalOptionError):
        return f"nc.traditional: {error}", "nc -h for help"
    if isinstance(error, DialError):
        return _not_dialled(error, config)
    if isinstance(error, ListenError):
        return _not_listening(error)
    if isinstance(error, ExecError):
        program = str(error.address).removeprefix("./")
        return f"exec {program} failed : {as_strerror(error.cause)}"
    if isinstance(error, OutputError) and error.operation == "open":
        return f"can't open {error.address} : {as_strerror(error.cause)}"
    if isinstance(error, (RelayError, OutputGone)):
        return None
    return str(error)


def _not_dialled(error: DialError, config: Config | None) -> Said:
    address = error.address
    assert config is not None
    host = address.host if isinstance(address, Address) else str(address)
    if not error.attempts:
        return f"{host}: forward host lookup failed: Unknown host"
    if error.cause in ("cannot assign requested address", "address already in use"):
        port = config.source_port or "0"
        cause = as_strerror(error.cause)
        return f"Can't grab {config.source or '0.0.0.0'}:{port} with bind : {cause}"
    tried, cause = error.attempts[0]
    assert isinstance(tried, Address)
    # Several attempts were reported one by one.
    lines = _failed(tried, cause, config) if len(error.attempts) == 1 else ()
    return (*lines, _counts(0, 0)) if config.verbose > 1 else lines


def _not_listening(error: ListenError) -> str:
    if error.cause in UNRESOLVED:
        host = error.address.host if isinstance(error.address, Address) else error.address
        return f"{host}: forward host lookup failed: Unknown host"
    if error.cause.startswith("timed out") or error.operation == "accept":
        return "no connection : Connection timed out"
    address = error.address
    where = f"{address.host or '0.0.0.0'}:{address.service}" if isinstance(address, Address) else ""
    return f"Can't grab {where} with bind : {as_strerror(error.cause)}"


def _is_told(config: Config) -> bool:
    """Return whether an unreachable port is reported: one of several only with -vv."""
    if config.verbose > 1:
        return True
    return len(config.ports) == 1 and bool(config.verbose or not config.zero_io)


def _tried(event: AttemptFailed | Scanned, config: Config) -> Said:
    if isinstance(event, AttemptFailed):
        return _failed(event.address, event.cause, config)
    lines: tuple[str, ...] = ()
    if event.state != "closed" and config.verbose:
        # nc.traditional reports every silent UDP port as open.
        said = f"{_place(event.address, config)} {event.state}"
        lines = _with_warnings(said, event.address, config)
    elif config.udp and len(config.ports) == 1:  # of several, an attempt has failed
        lines = _failed(event.address, "connection refused", config)
    if config.verbose > 1 and event.address.service == config.ports[-1]:
        lines += (_counts(0, 0),)
    return lines


def _failed(tried: Address, cause: str, config: Config) -> tuple[str, ...]:
    if not _is_told(config):
        return ()
    return _with_warnings(f"{_place(tried, config)} : {as_strerror(cause)}", tried, config)


def _counts(sent: int, received: int) -> str:
    return f" sent {sent}, rcvd {received}"


def _place(peer: Address, config: Config) -> str:
    """Return a peer in the form ``localhost [127.0.0.1] 22 (ssh)``."""
    asked = config.target[0]
    name = _name_of(peer.host, config) if asked == peer.host else asked
    return f"{name} [{peer.host}] {peer.service} ({_service(peer)})"


def _caller(peer: Address, config: Config) -> str:
    return f"{_name_of(peer.host, config)} [{peer.host}] {peer.service}"


def _with_warnings(said: str, peer: Address, config: Config) -> tuple[str, ...]:
    """Return the message; for the first port, after the warnings about the host's names."""
    if peer.service != config.ports[0] or not config.verbose:
        return (said,)
    return (*_warnings(config.target[0], config, peer.host), said)


def _warnings(asked: str, config: Config, host: str = "") -> tuple[str, ...]:
    if config.nodns:
        return ()
    host = host or asked
    name = name_of(host)
    if asked == host:
        return () if name else (f"{host}: inverse host lookup failed: Unknown host",)
    if name and name != asked:
        return (f"DNS fwd/rev mismatch: {asked} != {name}",)
    return ()


def _name_of(host: str, config: Config) -> str:
    """Return the host's name, which is looked up with -v, unless -n is given."""
    return _UNKNOWN if config.nodns or not config.verbose else name_of(host) or _UNKNOWN


def _service(peer: Address) -> str:
    import socket

    try:
        return socket.getservbyport(int(peer.service), peer.scheme[:3])
    except (OSError, ValueError, OverflowError):
        return "?"
