"""busybox nc's messages: events, errors, usage; scripts match them byte for byte. No policy."""

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

USAGE = """\
Usage:
  nc [options] [--] [TARGET]...

Options:
  -l --listen                    Listen; twice, with -e: serve one client after the other.
  -k --keep-open                 With -l and -e: the same.
  -p --source-port=PORT          Port to connect from; with -l, to listen on.
  -s --source=ADDR               Address to connect from; with -l, to listen on.
  -w --wait=SEC                  Give up after so long without a connection.
  -i --interval=SEC              Pause between lines sent.
  -n --nodns                     Look up no names.
  -u --udp                       UDP.
  -b --broadcast                 Allow broadcasts.
  -v --verbose                   Say more; twice: say all.
  -o --hex-dump=FILE             Write a hexadecimal dump of what moves.
  -z --zero-io                   Only see whether the port is open.
  -e --exec=PROG                 Run PROG on the connection; the words after it are its own.
     --help                      Show this.
"""

_HEAD = (
    f"pync {VERSION}, as busybox nc",
    "",
    "Usage: nc [OPTIONS] HOST PORT  - connect",
    "nc [OPTIONS] -l -p PORT [HOST]  - listen",
    "",
)

#: Fields of options that only the full nc of busybox has.
_OF_FULL = ("source", "nodns", "udp", "broadcast", "verbose", "hex_dump", "zero_io")


class BusyboxUsageError(UsageError):
    """An error after which busybox shows its usage; the text may be empty."""


def is_full(config: Config) -> bool:
    """Return whether an option was given that only the full nc of busybox has."""
    return any(getattr(config, field) for field in _OF_FULL)


def help_text() -> str:
    """Return the text of --help."""
    return "\n".join(_usage())


def _usage() -> tuple[str, ...]:
    options = (
        f"\t-{short} {value}".rstrip() + f"\t{text.rstrip('.')}"
        for short, value, text in described_in(USAGE)
    )
    return (*_HEAD, *options)


def say(event: Event, config: Config, _interactive: bool) -> Said:
    """Return the message for an event; None for most events without -v."""
    if isinstance(event, Failed):
        return complain(event.error, config)
    if isinstance(event, Exposed):
        where = _where(event.address)
        return f"nc: every machine that reaches {where} can {event.offered}"
    if isinstance(event, AttemptFailed):
        return _failed(event.address, event.cause, config)
    if not config.verbose:
        return None
    if isinstance(event, Listening):
        return f"listening on {_where(event.address)} ..."
    if isinstance(event, Accepted):
        called = "" if event.local is None else f"to {_where(event.local)} "
        return f"connect {called}from {_named(event.peer, config)} ({_where(event.peer)})"
    if isinstance(event, Denied):
        return f"nc: connect from wrong ip/port {_where(event.peer)} ignored"
    if isinstance(event, Connected):
        return f"{config.target[0]} ({_where(event.peer)}) open"
    if isinstance(event, Scanned):
        return _scanned(event, config)
    if isinstance(event, Finished) and config.verbose > 1:
        return _counts(event.sent, event.received)
    return None


def complain(error: Exception, config: Config | None) -> Said:
    """Return the message for an error; None for errors of an established connection."""
    if isinstance(error, BusyboxUsageError):
        return (*((f"nc: {error}",) if str(error) else ()), *_usage())
    if isinstance(error, DialError):
        return _not_dialled(error, config)
    if isinstance(error, ListenError):
        return _not_listening(error, config)
    if isinstance(error, ExecError):
        return f"nc: can't execute '{error.address}': {as_strerror(error.cause)}"
    if isinstance(error, OutputError) and error.operation == "open":
        return f"nc: can't open '{error.address}': {as_strerror(error.cause)}"
    if isinstance(error, (RelayError, OutputGone)):
        return None
    return f"nc: {error}"


def _not_dialled(error: DialError, config: Config | None) -> Said:
    assert config is not None
    if not error.attempts:
        return f"nc: bad address '{config.target[0]}'"
    if error.cause in ("cannot assign requested address", "address already in use"):
        return f"nc: bind: {as_strerror(error.cause)}"
    tried, cause = error.attempts[0]
    assert isinstance(tried, Address)
    if not is_full(config):
        return _small(*error.attempts[-1])
    lines = (_failed(tried, cause, config),) if len(error.attempts) == 1 else ()
    counts = (_counts(0, 0),) if config.verbose > 1 else ()
    return (*filter(None, lines), *counts)


def _small(tried: object, cause: str) -> str:
    """Return the small nc's message, which shows only IPv4 addresses, and none on a time-out."""
    assert isinstance(tried, Address)
    if cause == "timed out":
        return "nc: timed out"
    host = "" if ":" in tried.host else f" ({tried.host})"
    return f"nc: can't connect to remote host{host}: {as_strerror(cause)}"


def _failed(tried: Address, cause: str, config: Config) -> str | None:
    if config.verbose < 2:
        return None
    return f"nc: {config.target[0]} ({_where(tried)}): {as_strerror(cause)}"


def _scanned(event: Scanned, config: Config) -> Said:
    counts = (_counts(0, 0),) if config.verbose > 1 else ()
    if event.state == "closed":
        # A closed TCP port was an attempt that has failed.
        closed = _failed(event.address, "connection refused", config) if config.udp else None
        return (*filter(None, (closed,)), *counts)
    # busybox nc reports every silent UDP port as open.
    return (f"{config.target[0]} ({_where(event.address)}) {event.state}", *counts)


def _not_listening(error: ListenError, config: Config | None) -> str:
    if error.cause in UNRESOLVED:
        host = error.address.host if isinstance(error.address, Address) else error.address
        return f"nc: bad address '{host}'"
    if error.cause == "timed out":
        return "nc: timeout" if config is not None and is_full(config) else "nc: timed out"
    return f"nc: bind: {as_strerror(error.cause)}"


def _counts(sent: int, received: int) -> str:
    return f"sent {sent}, rcvd {received}"


def _named(peer: Address, config: Config) -> str:
    """Return the peer with its name, where it has one."""
    name = "" if config.nodns else name_of(peer.host)
    return f"{name}:{peer.service}" if name else _where(peer)


def _where(address: Address) -> str:
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{host}:{address.service}"
