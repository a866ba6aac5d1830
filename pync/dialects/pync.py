"""pync's own command line: the USAGE, the Config that it means, and its words."""

from __future__ import annotations

from typing import Any

from ..core.address import Address, check_port, is_url, split_host_port
from ..core.address import parse as parse_address
from ..core.config import Config, Endings
from ..core.deadline import parse_duration
from ..core.errors import UsageError
from ..core.events import (
    Accepted,
    AttemptFailed,
    Connected,
    Event,
    Failed,
    Listening,
    PeerEnded,
    Scanned,
)
from .words import options_in, plain

USAGE = """\
Connect to, or listen on, TCP, UDP and Unix sockets.

Usage:
  pync [options] [--] [TARGET]...

  pync HOST PORT                 connect (also tcp://HOST:PORT, HOST:PORT)
  pync -l [HOST] PORT            listen; without HOST on IPv4 and IPv6
  pync -u HOST PORT              the same over UDP; -lu listens
  pync -U PATH                   the same over a Unix socket; -lU listens; @NAME is abstract
  pync -z HOST PORT...           scan ports, lists (80,443) and ranges (20-30)

Options:
  -l --listen                    Listen instead of connecting.
  -k --keep-open                 With -l: serve one client after the other.
  -u --udp                       Datagrams: UDP, or with -U a Unix datagram socket.
  -U --unixsock                  TARGET is the path of a Unix socket.
  -4 --ipv4                      IPv4 only.
  -6 --ipv6                      IPv6 only.
  -n --nodns                     Look up no names.
  -v --verbose                   Say on stderr what happens.
  -p --source-port=PORT          Port to connect from; with -l, to listen on.
  -s --source=ADDRESS            Address to connect from; with -l, to listen on.
  -w --wait=TIME                 Give up after TIME without a connection or without data.
  -q --quit-after=TIME           After our input ends, leave after TIME at the latest.
  -N --shutdown                  Send FIN when our input ends (the default).
  -d --no-stdin                  Do not read standard input.
  -z --zero-io                   Only see whether ports are open.
  -i --interval=TIME             Pause between lines sent, or between ports scanned.
  -C --crlf                      Send CR LF for LF.
     --no-shutdown               Send no FIN when our input ends.
     --half-open                 Stay after the peer's end until our input ends.
     --send-only                 Drop what is received; leave when our input is sent.
     --recv-only                 Send nothing; leave at the peer's end.
     --idle-timeout=TIME         Give up after TIME without data.
     --connect-timeout=TIME      Give up after TIME without a connection.
  -h --help                      Show this.
     --version                   Show the version.

TIME is in seconds, or 500ms, 3s, 2m, 1h. Exit status: 0 the connection ended in order
(-z: a port is open), 1 refused, reset, timed out or not resolved, 2 wrong usage,
130 interrupted by ^C.
"""

#: Options that contradict each other, with what is said.
CONFLICTS = (
    ("listen", "zero_io", "cannot use -z and -l"),
    ("ipv4", "ipv6", "cannot use -4 and -6"),
    ("send_only", "recv_only", "cannot use --send-only and --recv-only"),
    ("send_only", "no_stdin", "cannot use --send-only and -d"),
    ("shutdown", "no_shutdown", "cannot use -N and --no-shutdown"),
    ("unixsock", "zero_io", "cannot use -z and -U"),
    ("unixsock", "ipv4", "cannot use -U and -4"),
    ("unixsock", "ipv6", "cannot use -U and -6"),
)

#: Options that make no sense without another.
NEEDS = (("keep_open", "listen", "must use -l with -k"),)

DURATIONS = {
    "wait": "-w",
    "quit_after": "-q",
    "interval": "-i",
    "idle_timeout": "--idle-timeout",
    "connect_timeout": "--connect-timeout",
}

#: Schemes without connections.
DATAGRAMS = frozenset({"udp", "udp4", "udp6", "unixgram"})

#: Ports of one scan at most; a typing error must not make millions.
MOST_PORTS = 65_536


def parse(argv: list[str]) -> Config:
    """Read a command line. Raises UsageError, which is one line."""
    import docopt

    flags, words = plain(argv, options_in(USAGE))
    verbose = flags.count("--verbose")
    last = {flag.partition("=")[0]: flag for flag in flags}
    given = docopt.docopt(USAGE, [*last.values(), "--", *words], default_help=False)
    fields: dict[str, Any] = {
        name[2:].replace("-", "_"): value for name, value in given.items() if name[:2] == "--"
    }
    fields.pop("", None)
    for name, option in DURATIONS.items():
        if fields[name] is not None:
            fields[name] = parse_duration(fields[name], option)
    fields["verbose"] = verbose
    config = Config(target=tuple(given["TARGET"]), **fields)
    if config.help or config.version:
        return config
    _check(config)
    return _with_address(config)._replace(endings=_endings(config))


def _check(config: Config) -> None:
    for one, other, said in CONFLICTS:
        if getattr(config, one) and getattr(config, other):
            raise UsageError(said)
    for one, needed, said in NEEDS:
        if getattr(config, one) and not getattr(config, needed):
            raise UsageError(said)


def _endings(config: Config) -> Endings:
    # A terminal is told apart where it is known: cli.py turns "finish" into "leave".
    on_peer_end = "stay" if config.half_open else "finish"
    return Endings(
        shutdown=not config.no_shutdown,
        on_peer_end=on_peer_end,
        quit_after=config.quit_after,
        leave_when_sent=config.send_only,
        idle=config.idle_timeout if config.idle_timeout is not None else config.wait,
    )


# Targets.


def _with_address(config: Config) -> Config:
    words = list(config.target)
    if config.unixsock:
        return config._replace(address=_path(config, words))
    if len(words) == 1 and is_url(words[0]):
        return _with_url(config, parse_address(words[0]))
    # Whether the words are few or many, an empty host is a script's unset variable.
    if not config.listen and words and not words[0]:
        raise UsageError("HOST is empty")
    scheme = "udp" if config.udp else "tcp"
    if config.listen:
        host, port = _listen_on(config, words)
        _check_port_word(port)
        return config._replace(address=Address(scheme, host, port))
    host, ports = _connect_to(words)
    if not config.zero_io:
        if len(ports) != 1:
            raise UsageError("too many words: give one HOST and one PORT")
        _check_port_word(ports[0])
        return config._replace(address=Address(scheme, host, ports[0]))
    return config._replace(address=Address(scheme, host, ports[0]), ports=_port_list(ports))


def _with_url(config: Config, address: Address) -> Config:
    if config.udp and address.scheme.startswith("tcp"):
        raise UsageError(f"cannot use -u with {address}")
    if not (config.listen or address.host or address.path):
        raise UsageError(f"{address} has no host to connect to")
    if config.zero_io:
        return config._replace(address=address, ports=_port_list([address.port]))
    return config._replace(address=address)


def _path(config: Config, words: list[str]) -> Address:
    path = words or ([config.source] if config.listen and config.source else [])
    if len(path) != 1 or not path[0]:
        raise UsageError("-U takes one PATH")
    return Address("unixgram" if config.udp else "unix", path=path[0])


def _listen_on(config: Config, words: list[str]) -> tuple[str, str]:
    host = config.source or ""
    if len(words) == 2:
        return words[0], words[1]
    if len(words) > 2:
        raise UsageError("too many words: -l takes [HOST] PORT")
    if config.source_port is not None:
        return (words[0] if words else host), config.source_port
    if not words:
        raise UsageError("-l needs a PORT")
    if ":" in words[0]:
        return split_host_port(words[0], words[0])
    return host, words[0]


def _connect_to(words: list[str]) -> tuple[str, list[str]]:
    if not words:
        raise UsageError("HOST and PORT are missing (pync -h helps)")
    if len(words) == 1:
        if ":" in words[0]:
            host, port = split_host_port(words[0], words[0])
            return host or "localhost", [port]
        what = "HOST" if words[0].isdigit() else "PORT"
        raise UsageError(f"{what} is missing (pync HOST PORT, or pync -l PORT)")
    return words[0], words[1:]


def _check_port_word(port: str) -> None:
    if not port:
        raise UsageError("PORT is empty")
    if port.lstrip("-").isdigit():
        check_port(port)


def _port_list(words: list[str]) -> tuple[str, ...]:
    ports: list[str] = []
    for word in ",".join(words).split(","):
        low, dash, high = word.partition("-")
        if dash and low.isdigit() and high.isdigit():
            first, last = sorted((check_port(low), check_port(high)))
            ports += [str(port) for port in range(first, last + 1)]
        elif word:
            _check_port_word(word)
            ports.append(word)
    if not ports or len(ports) > MOST_PORTS:
        raise UsageError(f"between 1 and {MOST_PORTS} ports, please")
    return tuple(ports)


# Words.


def say(event: Event, config: Config, interactive: bool) -> str | None:
    """What is said on stderr about an event; None is nothing."""
    if isinstance(event, Failed):
        return f"pync: {event.error}"
    if isinstance(event, PeerEnded):
        return "Connection closed by foreign host." if interactive else None
    if isinstance(event, Scanned) and event.state == "open|filtered":
        # Nobody knows whether it is open: that is worth saying without -v too.
        return f"{_named(event.address, event.asked)} open|filtered"
    return _verbosely(event) if config.verbose else None


def _verbosely(event: Event) -> str | None:
    if isinstance(event, Listening):
        word = "Bound" if event.address.scheme in DATAGRAMS else "Listening"
        return f"{word} on {_where(event.address)}"
    if isinstance(event, Accepted):
        return f"Connection received on {_where(event.peer) or '(unnamed)'}"
    if isinstance(event, Connected):
        # Nothing has been heard from a datagram's peer: there is no success to tell.
        return _connected(event.peer, event.asked, event.peer.scheme not in DATAGRAMS)
    if isinstance(event, Scanned) and event.state == "open":
        return _connected(event.address, event.asked, True)
    if isinstance(event, AttemptFailed):
        return f"pync: dial {event.address}: {event.cause}"
    return None


def _connected(peer: Address, asked: str, succeeded: bool) -> str:
    named = _named(peer, asked)
    return f"Connection to {named} succeeded!" if succeeded else f"Sending to {named}"


def _where(address: Address) -> str:
    return address.path or f"{address.host} {address.port}".strip()


def _named(address: Address, asked: str) -> str:
    if address.path:
        return address.path
    host = address.host if asked in ("", address.host) else f"{asked} ({address.host})"
    return f"{host} {address.port} port {_service(address)}"


def _service(address: Address) -> str:
    import socket

    protocol = address.scheme[:3]
    try:
        return f"[{protocol}/{socket.getservbyport(int(address.port), protocol)}]"
    except (OSError, ValueError, OverflowError):
        return f"[{protocol}/*]"
