"""pync's own command line: the USAGE, the Config that it means, and how it ends.

Its words for what happens are in pync_says.py.
"""

from __future__ import annotations

from ..core.config import Config, Endings
from ..core.deadline import parse_duration
from ..core.errors import UsageError
from . import about_from
from . import own_status as status
from .pync_says import complain, say
from .targets import with_address
from .words import read

__all__ = ["USAGE", "about", "complain", "parse", "say", "status"]

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


about = about_from("pync", USAGE)


def parse(argv: list[str]) -> Config:
    """Read a command line. Raises UsageError, which is one line."""
    fields, words = read(USAGE, argv)
    for name, option in DURATIONS.items():
        if fields[name] is not None:
            fields[name] = parse_duration(fields[name], option)
    config = Config(target=tuple(words), **fields)
    if config.help or config.version:
        return config
    _check(config)
    return with_address(config)._replace(program=_program(config), endings=_endings(config))


def _check(config: Config) -> None:
    for one, other, said in CONFLICTS:
        if getattr(config, one) and getattr(config, other):
            raise UsageError(said)
    for one, needed, said in NEEDS:
        if getattr(config, one) and not getattr(config, needed):
            raise UsageError(said)


def _program(config: Config) -> str:
    return "scanner" if config.zero_io else "server" if config.listen else "client"


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
